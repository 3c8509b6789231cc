"""How the camera is doing, on /diagnostics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from airo_camera.capture import Capture
from airo_camera.frame_statistics import FrameReport
from airo_camera.sources.source import Source

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["DiagnosticsOutput", "verdict_of"]

PERIOD_SECS = 1.0
SLOW_PART = 0.8  # of the source's own rate


class DiagnosticsOutput:
    """Publishes a diagnostic_msgs/DiagnosticStatus every second, from the node's executor.

    Args:
        node: the node that publishes; its namespace is the camera's name.
        capture: what is told about.
        source: what it reads.
        name: of the source, without passwords.
    """

    def __init__(self, node: Node, capture: Capture, source: Source, *, name: str) -> None:
        self._node = node
        self._capture = capture
        self._source = source
        self._name = name
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        node.create_timer(PERIOD_SECS, self._publish)

    def _publish(self) -> None:
        report, capture = self._capture.statistics.report(), self._capture
        level, message = verdict_of(report, fps=self._source.fps, trouble=capture.trouble)
        values = {
            "rate (Hz)": f"{report.rate:.1f}",
            "nominal rate (Hz)": f"{self._source.fps:g}" if self._source.fps else "unknown",
            **_times("interval", report.intervals),
            **_times("latency", report.latencies),
            "published": str(report.published),
            "dropped": str(report.missed),
            "backward stamps": str(report.backward_stamps),
            "unreadable images": str(capture.unreadable),
            "connections": str(capture.connections),
            "format": "{}x{} {}".format(*report.size_wh, report.encoding) if report.size_wh else "unknown",
            "source": self._name,
        }
        status = DiagnosticStatus(
            level=level,
            name=f"{self._node.get_fully_qualified_name().strip('/')}: frames",
            hardware_id=self._node.get_namespace().strip("/"),
            message=message,
            values=[KeyValue(key=key, value=value) for key, value in values.items()],
        )
        array = DiagnosticArray(status=[status])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)


def verdict_of(report: FrameReport, *, fps: float | None, trouble: str) -> tuple[bytes, str]:
    """Return the level and the message for one period.

    Args:
        report: of the period.
        fps: the source's own rate, if it is known.
        trouble: why there is no connection; empty if there is one.
    """
    if trouble:
        return DiagnosticStatus.ERROR, trouble
    if not report.recent:
        return DiagnosticStatus.WARN, "no image came"
    if report.recent_backward_stamps:
        return DiagnosticStatus.WARN, f"{report.recent_backward_stamps} stamps were not after the one before"
    if report.latencies and min(report.latencies) < 0:
        return DiagnosticStatus.WARN, "stamps lie in the future: the source's clock differs from this computer's"
    if fps is not None and report.rate < SLOW_PART * fps:
        return DiagnosticStatus.WARN, f"{report.rate:.1f} images per second instead of {fps:g}"
    return DiagnosticStatus.OK, "every image was published"


def _times(name: str, seconds: Sequence[float]) -> dict[str, str]:
    if not seconds:
        return {}
    median, p99, largest = np.percentile(seconds, [50, 99, 100]) * 1e3
    return {
        f"{name} median (ms)": f"{median:.2f}",
        f"{name} p99 (ms)": f"{p99:.2f}",
        f"{name} max (ms)": f"{largest:.2f}",
    }
