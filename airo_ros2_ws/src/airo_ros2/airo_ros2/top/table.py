"""The streams as a table for people, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from airo_ros2.clean import bytes_text
from airo_ros2.text_table import table
from airo_ros2.top.meter import StreamStats
from airo_ros2.top.node_state import HEAD, TEXT_COLUMNS, NodeState

__all__ = ["as_json", "as_lines"]

_HEAD = ("topic", "message", "Hz", "p50 ms", "p99 ms", "dropped", "overwritten", "zero-copy", "readers", "memory")
_TEXTS = frozenset({0, 1})  # columns, the others are numbers


def as_json(streams: Sequence[StreamStats], nodes: Sequence[NodeState] = ()) -> str:
    """Return one JSON object on one line."""
    content = {"streams": [stream.as_dict() for stream in streams], "nodes": [node.as_dict() for node in nodes]}
    return json.dumps(content, allow_nan=False)


def as_lines(streams: Sequence[StreamStats], nodes: Sequence[NodeState] = (), *, domain: int) -> list[str]:
    """Return a table of streams and, if any has reported, one of nodes.

    Args:
        streams: of one interval.
        nodes: as they are now.
        domain: ROS domain that was looked at.
    """
    lines = [f"no camera publishes in ROS domain {domain}: start one, or check ROS_DOMAIN_ID"]
    if streams:
        lines = table([_HEAD, *map(_row, streams)], texts=_TEXTS)
    if nodes:
        lines += ["", *table([HEAD, *(node.as_row() for node in nodes)], texts=TEXT_COLUMNS)]
    return lines


def _row(stream: StreamStats) -> tuple[str, ...]:
    return (
        stream.topic,
        stream.type,
        f"{stream.rate:.1f}",
        _milliseconds(stream.latency_p50_ms),
        _milliseconds(stream.latency_p99_ms),
        str(stream.dropped),
        str(stream.overwritten),
        {True: "yes", False: "no", None: "-"}[stream.zero_copy],
        str(stream.readers),
        bytes_text(stream.memory_bytes),
    )


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
