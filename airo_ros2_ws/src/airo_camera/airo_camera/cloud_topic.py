"""The point clouds that a source makes itself, on a topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rclpy.qos import QoSProfile

from airo_camera.sources.source import GrabbedImage, Source
from airo_frames import Intrinsics, PointCloudPublisher

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["CloudTopic"]


class CloudTopic:
    """Publishes the cloud of each image, with the image's time and number.

    Args:
        node: the node that publishes.
        topic: by convention <camera>/cloud.
        frame_id: optical frame of the camera.
        qos: of the topic.
    """

    def __init__(self, node: Node, topic: str, *, frame_id: str, qos: QoSProfile) -> None:
        self._node = node
        self._topic = topic
        self._frame_id = frame_id
        self._qos = qos
        self._publisher: PointCloudPublisher | None = None  # made with the first cloud

    def write(self, source: Source, grabbed: GrabbedImage, *, intrinsics: Intrinsics | None, sequence: int) -> None:
        """Publish the cloud of what a source grabbed, if it has one.

        Raises:
            CameraError: the source makes no clouds, or failed.
            FrameTooLargeError: no message holds so many points.
        """
        if not grabbed.has_cloud:
            return
        cloud = source.retrieve_cloud()
        if self._publisher is None:
            # Clouds differ from image to image: room for a point of each pixel avoids a change of the message class.
            width, height = grabbed.size_wh
            count = max(len(cloud.points), width * height)
            self._publisher = PointCloudPublisher(
                self._node, self._topic, count=count, frame_id=self._frame_id, qos=self._qos
            )
        self._publisher.publish(
            cloud.points,
            cloud.colors,
            stamp_nanos=grabbed.stamp_nanos,
            size_wh=grabbed.size_wh,
            intrinsics=intrinsics,
            sequence=sequence,
        )

    def close(self) -> None:
        """Stop publishing."""
        if self._publisher is not None:
            self._publisher.close()
            self._publisher = None
