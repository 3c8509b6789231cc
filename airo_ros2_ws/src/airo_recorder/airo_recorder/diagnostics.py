"""The recorder's state on /diagnostics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from airo_recorder.recorder import Recorder

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["Diagnostics"]

PERIOD_SECS = 1.0


class Diagnostics:
    """Publishes once per second: a warning when frames were lost meanwhile, an error when a recording failed."""

    def __init__(self, node: Node, recorder: Recorder) -> None:
        self._node = node
        self._recorder = recorder
        self._lost = 0  # frames and clouds at the time before
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        self._timer = node.create_timer(PERIOD_SECS, self.publish)

    def publish(self) -> None:
        """Publish the state now."""
        progress = self._recorder.progress()
        lost = progress.lost + progress.lost_clouds
        lost_now = max(0, lost - self._lost)
        self._lost = lost
        level, text = DiagnosticStatus.OK, progress.state
        if progress.reason:
            level, text = DiagnosticStatus.ERROR, progress.reason
        elif lost_now:
            level, text = (
                DiagnosticStatus.WARN,
                f"{lost_now} {'frames and clouds' if progress.lost_clouds else 'frames'} lost",
            )
        values = {
            "state": progress.state,
            "folder": progress.folder or "",
            "seconds": f"{progress.seconds:.1f}",
            "frames written": progress.written,
            "frames lost": progress.lost,
            "clouds lost": progress.lost_clouds,
            "MB": f"{progress.size_bytes / 1e6:.1f}",
            "MB left on disk": f"{progress.free_bytes / 1e6:.0f}",
            "MB waiting": f"{progress.waiting_bytes / 1e6:.1f}",
        }
        status = DiagnosticStatus(
            level=level,
            name=f"{self._node.get_fully_qualified_name()}",
            message=text,
            hardware_id="recorder",
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        message = DiagnosticArray(status=[status])
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)
