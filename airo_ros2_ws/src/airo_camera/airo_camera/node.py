"""The camera node: `ros2 run airo_camera camera_node` or `python -m airo_camera.node`."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from rclpy.node import Node
from rclpy.task import Future

from airo_camera.acknowledgements import TopicAcknowledgements
from airo_camera.calibration import read_calibration
from airo_camera.capture import Capture
from airo_camera.frame_sink import TopicFrameSink
from airo_camera.parameters import CameraParameters
from airo_camera.sources.spec import make_source
from airo_frames.node_main import finish, run_node
from airo_frames.parameters import ParameterError, declare_parameters

__all__ = ["CameraNode", "main"]


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
        )
        self._capture.start()

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
