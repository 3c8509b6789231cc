"""The camera node: `ros2 run airo_camera camera_node` or `python -m airo_camera.node`."""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

from rclpy.node import Node
from rclpy.task import Future

from airo_camera.acknowledgements import TopicAcknowledgements
from airo_camera.backoff import Backoff
from airo_camera.calibration import read_calibration
from airo_camera.capture import Capture
from airo_camera.diagnostics_output import DiagnosticsOutput
from airo_camera.exceptions import SourceStalledError
from airo_camera.frame_sink import TopicFrameSink
from airo_camera.parameters import CameraParameters
from airo_camera.sources.spec import make_source
from airo_camera.sources.url import without_password
from airo_camera.watchdog import Watchdog
from airo_frames.node_main import finish, run_node
from airo_frames.parameters import ParameterError, declare_parameters

__all__ = ["CameraNode", "main"]

WATCH_SECS = 0.25  # how soon a source that hangs is noticed


class CameraNode:
    """Publishes the frames of one source. The node's namespace is the camera's name.

    Raises:
        CameraError: the source or the calibration is not understood.
        ParameterError: a parameter has a bad value.
    """

    def __init__(self, node: Node) -> None:
        self.node = node
        self.finished = Future()
        parameters = declare_parameters(node, CameraParameters)
        source = make_source(parameters.source, rate=parameters.rate or None, loop=parameters.loop)
        if parameters.lockstep and source.is_live:
            raise ParameterError(f"lockstep got the live source {parameters.source}: expected a source of files")
        calibration = read_calibration(Path(parameters.calibration)) if parameters.calibration else None
        frame_id = parameters.frame_id or f"{_camera_name(node)}_optical_frame"
        self._sink = TopicFrameSink(
            node, frame_id=frame_id, depth=parameters.depth, calibration=calibration, has_clouds=parameters.cloud
        )
        self._acknowledgements = TopicAcknowledgements(node) if parameters.lockstep else None
        self._capture = Capture(
            source,
            self._sink,
            finished=partial(finish, self.finished),
            frames=parameters.frames,
            acknowledgements=self._acknowledgements,
            reconnect=Backoff() if parameters.reconnect and (source.is_live or parameters.loop) else None,
        )
        name = without_password(parameters.source)
        DiagnosticsOutput(node, self._capture, source, name=name)
        if parameters.stall_periods:
            self._watchdog = Watchdog(self._capture, source, periods=parameters.stall_periods, name=name)
            node.create_timer(WATCH_SECS, self._watch)
        self._capture.start()

    def _watch(self) -> None:
        try:
            self._watchdog.check(time.monotonic())
        except SourceStalledError as error:
            finish(self.finished, error)

    def close(self) -> None:
        """End capturing."""
        if self._acknowledgements is not None:
            self._acknowledgements.close()
        self._capture.close()
        self._sink.close()


def _camera_name(node: Node) -> str:
    return node.get_namespace().strip("/").replace("/", "_") or "camera"


def main(args: list[str] | None = None) -> int:
    """Run the camera node."""
    return run_node(CameraNode, name="camera", args=args)


if __name__ == "__main__":
    sys.exit(main())
