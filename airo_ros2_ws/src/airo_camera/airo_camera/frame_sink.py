"""Publishes what a source grabs: the frame, and beside it its cloud and the ground truth of simulated ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from airo_camera_msgs.msg import TagDetections
from numpy.typing import NDArray

from airo_camera.calibration import Calibration
from airo_camera.cloud_topic import CloudTopic
from airo_camera.frame_topic import FrameTopic
from airo_camera.sources.source import GrabbedImage, Source, TagTruth
from airo_frames import Intrinsics
from airo_frames.rotation import quaternion_xyzw
from airo_frames.stamps import write_stamp
from airo_frames.text import write_text
from rclpy_loans import LoanPublisher, loan_qos

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["TopicFrameSink"]


class TopicFrameSink:
    """Publishes on the topics `frame`, `cloud` and `ground_truth`. Used by the capture thread alone.

    Args:
        node: the node that publishes.
        frame_id: optical frame in all messages.
        depth: frames kept in shared memory.
        calibration: its intrinsics go with every frame; None for what the source knows.
        has_clouds: publish the clouds that the source makes itself.
    """

    def __init__(
        self, node: Node, *, frame_id: str, depth: int, calibration: Calibration | None, has_clouds: bool = False
    ) -> None:
        self._node = node
        self._frame_id = frame_id
        self._calibration = calibration
        self._frames = FrameTopic(node, "frame", frame_id=frame_id, qos=loan_qos(depth))
        self._clouds = CloudTopic(node, "cloud", frame_id=frame_id, qos=loan_qos(depth)) if has_clouds else None
        self._truth: LoanPublisher | None = None  # made with the first frame that has ground truth

    def write(self, source: Source, grabbed: GrabbedImage, *, sequence: int) -> None:
        """Let the source write the grabbed image straight into shared memory, and publish it.

        Raises:
            CameraError: the source cannot decode the image, or the calibration is of another size.
            FramesError: the image does not fit any message.
        """
        if grabbed.tags:
            self._write_truth(grabbed, sequence)
        intrinsics = self._intrinsics(grabbed)
        self._frames.write(source, grabbed, intrinsics=intrinsics, sequence=sequence)
        if self._clouds is not None:
            self._clouds.write(source, grabbed, intrinsics=intrinsics, sequence=sequence)

    def close(self) -> None:
        """Stop publishing."""
        self._frames.close()
        if self._clouds is not None:
            self._clouds.close()
        if self._truth is not None:
            self._truth.close()

    def _intrinsics(self, grabbed: GrabbedImage) -> Intrinsics | None:
        if self._calibration is None:
            return grabbed.intrinsics
        return self._calibration.for_size(grabbed.size_wh)

    def _write_truth(self, grabbed: GrabbedImage, sequence: int) -> None:
        if self._truth is None:
            self._truth = LoanPublisher(self._node, TagDetections, "ground_truth", qos=loan_qos(16, reliable=True))
        with self._truth.loan(sequence=sequence) as message:
            write_stamp(message["stamp"], grabbed.stamp_nanos)
            message["width"], message["height"] = grabbed.size_wh
            write_text(message["frame_id"], self._frame_id, name="frame_id")
            message["detector_time"], message["zero_copy"] = 0.0, False
            message["truncated"] = message["rejected"] = 0
            message["count"] = len(grabbed.tags)
            message["detections"][: len(grabbed.tags)] = np.zeros((), message["detections"].dtype)
            for record, tag in zip(message["detections"], grabbed.tags, strict=False):
                _write_tag(record, tag)


def _write_tag(record: NDArray[Any], tag: TagTruth) -> None:
    record["id"] = tag.tag_id
    write_text(record["family"], tag.family, name="family")
    record["corners"] = tag.corners.ravel()
    record["center"] = _crossing_of_diagonals(tag.corners)
    record["size"] = tag.size
    record["position"] = tag.camera_from_tag[:3, 3]
    record["orientation"] = quaternion_xyzw(tag.camera_from_tag[:3, :3])
    record["has_pose"] = True


def _crossing_of_diagonals(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where the diagonals of a quadrilateral cross: the image of the tag's middle, up to lens distortion."""
    a, b, c, d = corners
    along, _ = np.linalg.solve(np.stack([c - a, b - d], axis=1), b - a)
    crossing: NDArray[np.float64] = a + along * (c - a)
    return crossing
