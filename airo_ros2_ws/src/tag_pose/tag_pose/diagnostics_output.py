"""How the node is doing, on /diagnostics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from typing import TYPE_CHECKING

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from tag_pose.stream_statistics import StreamReport, TagStatistics

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["DiagnosticsOutput", "diagnostic_status"]

PERIOD_SECS = 1.0


class DiagnosticsOutput:
    """Publishes a diagnostic_msgs/DiagnosticStatus every second, from the node's executor.

    Args:
        node: the node that publishes; its namespace is the camera's name.
        statistics: of its frames.
        is_on: whether frames are looked at.
    """

    def __init__(self, node: Node, statistics: TagStatistics, *, is_on: Callable[[], bool]) -> None:
        self._node = node
        self._statistics = statistics
        self._is_on = is_on
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        node.create_timer(PERIOD_SECS, self._publish)

    def _publish(self) -> None:
        status = diagnostic_status(self._statistics.report(), is_on=self._is_on())
        status.hardware_id = self._node.get_namespace().strip("/")
        status.name = f"{self._node.get_fully_qualified_name().strip('/')}: tags"
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)


def diagnostic_status(report: StreamReport, *, is_on: bool) -> DiagnosticStatus:
    """Return what one period says: rates, times, and every count since the start."""
    level, message = _verdict(report, is_on=is_on)
    recent = report.recent
    values = {
        "rate (Hz)": f"{recent.processed / report.seconds:.1f}" if report.seconds > 0 else "0.0",
        **_times("latency", report.latencies),
        **_times("detector time", report.detector_times),
        "rejected candidates per frame": f"{recent.rejected / max(1, recent.processed):.2f}",
        **{name: str(count) for name, count in vars(report.counts).items()},
    }
    return DiagnosticStatus(
        level=level, message=message, values=[KeyValue(key=key, value=value) for key, value in values.items()]
    )


def _verdict(report: StreamReport, *, is_on: bool) -> tuple[bytes, str]:
    recent = report.recent
    if not is_on:
        return DiagnosticStatus.OK, "detection is switched off"
    if recent.failures:
        return DiagnosticStatus.WARN, f"the detector failed {recent.failures} times; what it looked at counts as empty"
    if recent.unusable:
        return DiagnosticStatus.WARN, f"{recent.unusable} frames hold no picture that tags can be seen in"
    if not recent.processed:
        return DiagnosticStatus.WARN, "no frame was processed"
    if recent.dropped:
        return DiagnosticStatus.OK, f"{recent.dropped} frames were dropped for newer ones"
    return DiagnosticStatus.OK, "every frame was processed"


def _times(name: str, seconds: Sequence[float]) -> dict[str, str]:
    if not seconds:
        return {}
    return {f"{name} median (ms)": f"{median(seconds) * 1e3:.2f}", f"{name} max (ms)": f"{max(seconds) * 1e3:.2f}"}
