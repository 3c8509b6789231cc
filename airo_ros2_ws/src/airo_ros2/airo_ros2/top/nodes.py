"""What the nodes of a ROS domain, and those who supervise them, say on /diagnostics."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from airo_ros2.top.node_state import NodeState

__all__ = ["Nodes"]

STALE_SECS = 5.0  # nodes report once a second; one that has been silent for so long has gone


@dataclass(frozen=True)
class _Report:
    received: float  # s, monotonic
    level: int
    message: str
    values: Mapping[str, str]


class Nodes:
    """Keeps the newest reports.

    Args:
        node: whose executor delivers them.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._reports: dict[tuple[str, str], _Report] = {}  # by who says it, and about what
        self._subscription = node.create_subscription(DiagnosticArray, "/diagnostics", self._on_array, 50)

    def states(self) -> list[NodeState]:
        """Return the state of each node that somebody has said something of lately, by name."""
        oldest = time.monotonic() - STALE_SECS
        self._reports = {key: report for key, report in self._reports.items() if report.received >= oldest}
        own: dict[str, list[_Report]] = {}
        supervised: dict[str, _Report] = {}
        for (who, what), report in self._reports.items():
            if "restarts" in report.values:
                supervised[what] = report
            else:
                own.setdefault(who, []).append(report)
        return [_state(name, own.get(name, []), supervised.get(name)) for name in sorted(own.keys() | supervised)]

    def close(self) -> None:
        """Stop receiving."""
        self._node.destroy_subscription(self._subscription)

    def _on_array(self, array: Any) -> None:
        for status in array.status:
            who, _, what = status.name.partition(": ")
            values = {value.key: value.value for value in status.values}
            level = int.from_bytes(status.level, "little")
            self._reports[who.strip("/"), what] = _Report(time.monotonic(), level, status.message, values)


def _state(name: str, own: list[_Report], supervised: _Report | None) -> NodeState:
    # A node that does not run says nothing, or what it said before: then the supervisor's word counts.
    down = supervised is not None and supervised.values.get("state") != "running"
    reports = [*([] if down else own), *([supervised] if supervised is not None else [])]
    worst = max(reports, key=lambda report: report.level)
    newest_first = worst if worst.level or not own or down else own[0]
    values = {key: value for report in reports for key, value in report.values.items()}
    return NodeState(name, worst.level, newest_first.message, values)
