"""The recorder node: `ros2 run airo_recorder recorder_node` or `python -m airo_recorder.node`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from rclpy.task import Future

from airo_frames.node_main import finish, run_node
from airo_frames.parameters import declare_parameters
from airo_recorder.diagnostics import Diagnostics
from airo_recorder.exceptions import RecordingWriteError
from airo_recorder.parameters import RecorderParameters
from airo_recorder.readers import CloudReader, FrameReader, TagReader, TransformReader
from airo_recorder.recorder import Recorder
from airo_recorder.ros_messages import tag_detections, tag_transforms
from airo_recorder.services import make_services
from airo_recorder.transform import TagOverlay, make_transform

__all__ = ["RecorderNode", "main"]


class RecorderNode:
    """Records cameras and their tags.

    Args:
        node: to wire.
        ended: called, in a thread of the recorder, with the summary of a recording that ended by itself; by default the
            node ends if it began the recording itself, and logs an error otherwise.

    Raises:
        ParameterError: a parameter has a bad value.
        RecorderError: the settings do not suit, or the recording cannot begin.
    """

    def __init__(self, node: Node, *, ended: Callable[[dict[str, Any]], None] | None = None) -> None:
        self.node = node
        self.finished = Future()
        parameters = declare_parameters(node, RecorderParameters)
        self._overlays = {camera: TagOverlay() for camera in parameters.cameras}
        transforms = {
            camera: made
            for camera, overlay in self._overlays.items()
            if (made := make_transform(parameters.transform_specs, tags=overlay)) is not None
        }
        self.recorder = Recorder(
            parameters.settings(), parameters.cameras, transforms=transforms, ended=ended or self._on_ended_by_itself
        )
        self._writes_tags, self._ends_with_recording = parameters.tags, parameters.autostart
        failed = partial(finish, self.finished)
        self.frame_readers = [
            FrameReader(node, camera, acknowledges=parameters.no_loss, failed=failed)
            for camera in self.recorder.cameras.values()
        ]
        self._threads: list[FrameReader | CloudReader] = [*self.frame_readers]
        if "cloud" in parameters.streams:
            self._threads += [CloudReader(node, each, failed=failed) for each in self.recorder.cameras.values()]
        wants_tags = parameters.tags or "tags" in parameters.transforms
        self._tag_readers = [TagReader(node, name, self._on_tags) for name in parameters.cameras if wants_tags]
        self._transforms = TransformReader.make(node, self.recorder.write_message) if parameters.tags else None
        make_services(node, self.recorder)
        self._diagnostics = Diagnostics(node, self.recorder)
        self._timer = node.create_timer(parameters.duration, self._finish) if parameters.duration else None
        try:
            if parameters.autostart:
                node.get_logger().info(f"recording to {self.recorder.start()}")
        except RecordingWriteError:
            self.close()
            raise
        for reader in self._threads:
            reader.start()

    def close(self) -> None:
        """End the recording."""
        for reader in self._threads:
            reader.close()
        for tag_reader in self._tag_readers:
            tag_reader.close()
        if self._transforms is not None:
            self._transforms.close()
        self.recorder.close()

    def _on_tags(self, camera: str, record: NDArray[np.void], received_nanos: int) -> None:
        self._overlays[camera].update(record)
        if not self._writes_tags:
            return
        self.recorder.write_message(tag_detections(camera, record, received_nanos=received_nanos))
        if self._transforms is None:  # nobody can publish them without tf2_msgs
            message = tag_transforms(record, received_nanos=received_nanos)
            if message is not None:
                self.recorder.write_message(message)

    def _on_ended_by_itself(self, summary: dict[str, Any]) -> None:
        text = f"the recording ended by itself: {summary['reason']}"
        if self._ends_with_recording:
            finish(self.finished, RecordingWriteError(text))
        else:
            self.node.get_logger().error(text)

    def _finish(self) -> None:
        finish(self.finished, None)


def main(args: list[str] | None = None) -> int:
    """Run the recorder node."""
    return run_node(RecorderNode, name="recorder", args=args)


if __name__ == "__main__":
    sys.exit(main())
