"""The streams as a table for people, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from airo_ros2.clean import bytes_text
from airo_ros2.top.meter import StreamStats

__all__ = ["as_json", "as_lines"]

_HEAD = ("topic", "message", "Hz", "p50 ms", "p99 ms", "dropped", "overwritten", "zero-copy", "readers", "memory")
_LEFT = 2  # columns of text, the others are numbers


def as_json(streams: Sequence[StreamStats]) -> str:
    """Return one JSON object on one line."""
    return json.dumps({"streams": [stream.as_dict() for stream in streams]}, allow_nan=False)


def as_lines(streams: Sequence[StreamStats], *, domain: int) -> list[str]:
    """Return a table.

    Args:
        streams: of one interval.
        domain: ROS domain that was looked at.
    """
    if not streams:
        return [f"no camera publishes in ROS domain {domain}: start one, or check ROS_DOMAIN_ID"]
    rows = [_HEAD, *map(_row, streams)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    return ["  ".join(_cells(row, widths)).rstrip() for row in rows]


def _cells(row: tuple[str, ...], widths: Sequence[int]) -> list[str]:
    return [
        text.ljust(width) if column < _LEFT else text.rjust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    ]


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
