"""The frames of a source on a topic, in the family of messages that has room for all that the source delivers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rclpy.qos import QoSProfile

from airo_camera.sources.source import GrabbedImage, Source
from airo_frames import FramePublisher, Intrinsics, RgbdPlanes, RgbdPublisher, StereoRgbdPublisher

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["FrameTopic"]


class FrameTopic:
    """Publishes images, with their depth if there is one, and with the right view if there is one, too.

    Args:
        node: the node that publishes.
        topic: by convention <camera>/frame.
        frame_id: optical frame of the camera.
        qos: of the topic.
    """

    def __init__(self, node: Node, topic: str, *, frame_id: str, qos: QoSProfile) -> None:
        self._node = node
        self._topic = topic
        self._options: dict[str, Any] = {"frame_id": frame_id, "qos": qos}
        # Made with the first frame, which tells its size and family.
        self._publisher: FramePublisher | RgbdPublisher | StereoRgbdPublisher | None = None

    def write(self, source: Source, grabbed: GrabbedImage, *, intrinsics: Intrinsics | None, sequence: int) -> None:
        """Let the source write all that it grabbed straight into shared memory, and publish it.

        Args:
            source: what was grabbed waits in it.
            grabbed: by that source.
            intrinsics: of the image, None when they are not known.
            sequence: number of the frame.

        Raises:
            CameraError: the source cannot decode the image.
            FramesError: the image does not fit any message.
        """
        given: dict[str, Any] = {
            "stamp_nanos": grabbed.stamp_nanos,
            "size_wh": grabbed.size_wh,
            "encoding": grabbed.encoding,
            "intrinsics": intrinsics,
            "sequence": sequence,
        }
        if not grabbed.has_depth:
            with self._of(FramePublisher, grabbed).borrow(**given) as image:
                source.retrieve(image)
            return
        given["has_confidence"] = grabbed.has_confidence
        if grabbed.right is None:
            with self._of(RgbdPublisher, grabbed).borrow(**given) as planes:
                _retrieve(source, planes)
            return
        given |= {"left_from_right": grabbed.right.left_from_right, "right_intrinsics": grabbed.right.intrinsics}
        with self._of(StereoRgbdPublisher, grabbed).borrow(**given) as stereo:
            _retrieve(source, stereo)
            source.retrieve_right(stereo.right)

    def close(self) -> None:
        """Stop publishing."""
        if self._publisher is not None:
            self._publisher.close()
            self._publisher = None

    def _of(self, kind: Any, grabbed: GrabbedImage) -> Any:
        """Return the publisher of a kind, which takes the place of one of another kind."""
        if not isinstance(self._publisher, kind):
            self.close()
            self._publisher = kind(
                self._node, self._topic, size_wh=grabbed.size_wh, encoding=grabbed.encoding, **self._options
            )
        return self._publisher


def _retrieve(source: Source, planes: RgbdPlanes) -> None:
    source.retrieve(planes.image)
    source.retrieve_depth(planes.depth)
    if planes.confidence is not None:
        source.retrieve_confidence(planes.confidence)
