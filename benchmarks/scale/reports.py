"""What nodes say of themselves on /diagnostics during a measurement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

__all__ = ["Reports", "Window"]


@dataclass(frozen=True)
class Window:
    """The reports of one node in a measurement, one each second.

    Attributes:
        stamps: s.
        reports: values by key.
    """

    stamps: list[float]
    reports: list[dict[str, str]]

    def growth(self, key: str) -> int:
        """Return by how much a count has grown from the first report to the last."""
        return int(self.reports[-1][key]) - int(self.reports[0][key])

    def rate(self, key: str) -> float:
        """Return by how much a count has grown per second."""
        return self.growth(key) / (self.stamps[-1] - self.stamps[0])

    def values(self, key: str) -> list[float]:
        """Return a figure of each report; those of seconds without a frame have none."""
        return [float(report[key]) for report in self.reports if key in report] or [float("nan")]


class Reports:
    """Keeps all reports."""

    def __init__(self, node: Node) -> None:
        self._reports: dict[str, Window] = {}  # by full name of the node
        node.create_subscription(DiagnosticArray, "/diagnostics", self._take, 100)

    def count(self, name: str) -> int:
        """Return how often a node has reported since the beginning."""
        return len(self._reports[name].stamps) if name in self._reports else 0

    def begin(self) -> None:
        """Forget what was reported before; the last report is the beginning of counts."""
        for window in self._reports.values():
            del window.stamps[:-1], window.reports[:-1]

    def window(self, name: str) -> Window:
        """Return the reports of a node since the beginning."""
        return self._reports[name]

    def _take(self, array: Any) -> None:
        stamp = array.header.stamp.sec + array.header.stamp.nanosec * 1e-9
        for status in array.status:
            name = status.name.partition(":")[0].strip("/ ")
            window = self._reports.setdefault(name, Window([], []))
            window.stamps.append(stamp)
            window.reports.append({value.key: value.value for value in status.values})
