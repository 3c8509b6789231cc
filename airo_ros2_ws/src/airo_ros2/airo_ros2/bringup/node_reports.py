"""What nodes say of themselves on /diagnostics."""

from __future__ import annotations

import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from airo_ros2.bringup.setup_status import NodeReport

__all__ = ["NodeReports"]


class NodeReports:
    """Keeps the newest report of each node.

    Args:
        node: whose executor delivers.
    """

    def __init__(self, node: Node) -> None:
        self._reports: dict[str, NodeReport] = {}  # by full name of the node
        self._node = node
        self._subscription = node.create_subscription(DiagnosticArray, "/diagnostics", self._on_array, 50)

    def newest(self, name: str, *, since: float = 0.0) -> NodeReport | None:
        """Return the newest report of a node; None if there was none.

        Args:
            name: full name of the node, without the first slash.
            since: s, monotonic: a report that came before is of an earlier process.
        """
        report = self._reports.get(name)
        return report if report is not None and report.received >= since else None

    def close(self) -> None:
        """Stop receiving."""
        self._node.destroy_subscription(self._subscription)

    def _on_array(self, array: Any) -> None:
        together: dict[str, list[Any]] = {}
        for status in array.status:
            together.setdefault(status.name.partition(":")[0].strip("/ "), []).append(status)
        for name, statuses in together.items():
            worst = max(statuses, key=_level)
            values = {value.key: value.value for status in statuses for value in status.values}
            self._reports[name] = NodeReport(time.monotonic(), _level(worst), worst.message, values)


def _level(status: Any) -> int:
    return int.from_bytes(status.level, "little")
