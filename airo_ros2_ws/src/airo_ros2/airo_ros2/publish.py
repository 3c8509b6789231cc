"""Publishing images of one's own, for rviz2, for other programs and for the recorder."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import Image

from airo_frames.encodings import encoding_named
from airo_frames.exceptions import ArrayContractError
from airo_frames.frame import Frame
from airo_frames.intrinsics import Intrinsics
from airo_frames.publisher import FramePublisher
from airo_frames.stamps import NANOS_PER_SEC
from airo_ros2.camera import Camera
from airo_ros2.names import camera_topic, checked_name
from airo_ros2.session import check_process, close_at_exit, node_or_own

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.publisher import Publisher

__all__ = ["publish_image"]


def publish_image(
    name: str,
    image: NDArray[Any],
    *,
    encoding: str | None = None,
    like: Camera | Frame | None = None,
    stamp_nanos: int | None = None,
    node: Node | None = None,
) -> None:
    """Publish an image under a name, as a camera would.

    Other programs read it by `Camera(name)`, without a copy in between. While somebody subscribes to /<name>/image_raw
    (sensor_msgs/Image), such as rviz2, it is published there, too, as ROS 2 tools expect it.

    Args:
        name: for example front/annotated.
        image: (height, width, 3) uint8 RGB, or float from 0 to 1; (height, width) uint8, uint16 or float32.
        encoding: one of airo_frames.ENCODINGS, such as bgr8; by default what the array looks like.
        like: the camera or frame that the image was made from: it gets the time, frame id and intrinsics of that one.
        stamp_nanos: acquisition time, ns since the epoch; by default that of `like`, or now.
        node: an rclpy node of yours to publish with, instead of a hidden one.

    Raises:
        ArrayContractError: the array is not an image, or not of the encoding.
        FrameTooLargeError: it is larger than every message.
    """
    array, kind = _image_and_encoding(image, encoding)
    source = like.frame if isinstance(like, Camera) else like
    if stamp_nanos is None:
        stamp_nanos = time.time_ns() if source is None else source.stamp_nanos
    has_same_size = source is not None and source.size_wh == (array.shape[1], array.shape[0])
    _output(checked_name(name), node, frame_id=source.frame_id if source else "").publish(
        array,
        encoding=kind,
        stamp_nanos=stamp_nanos,
        intrinsics=source.intrinsics if source and has_same_size else None,
    )


class _Output:
    """The two topics of one name on one node."""

    def __init__(self, name: str, node: Node, *, frame_id: str) -> None:
        self.name = name
        self._node = node
        self._process_id = os.getpid()
        self._frame_id = frame_id or f"{name.replace('/', '_')}_optical_frame"
        self._frames: FramePublisher | None = None  # made with the first image, which tells its size
        self._standard: Publisher = node.create_publisher(Image, camera_topic(name, "image_raw"), 1)
        self._lock = threading.Lock()
        self.is_closed = False
        close_at_exit(self)

    def publish(self, image: NDArray[Any], *, encoding: str, stamp_nanos: int, intrinsics: Intrinsics | None) -> None:
        check_process(self._process_id, f"the publisher of {self.name!r}")
        with self._lock:
            if self._frames is None:
                size_wh = (image.shape[1], image.shape[0])
                topic = camera_topic(self.name, "frame")
                self._frames = FramePublisher(
                    self._node, topic, size_wh=size_wh, encoding=encoding, frame_id=self._frame_id
                )
            self._frames.publish(image, stamp_nanos=stamp_nanos, encoding=encoding, intrinsics=intrinsics)
            if self._standard.get_subscription_count():
                self._standard.publish(self._standard_image(image, encoding, stamp_nanos))

    def close(self) -> None:
        if self.is_closed or os.getpid() != self._process_id:
            return
        self.is_closed = True
        with self._lock:
            if self._frames is not None:
                self._frames.close()
            self._node.destroy_publisher(self._standard)

    def _standard_image(self, image: NDArray[Any], encoding: str, stamp_nanos: int) -> Image:
        message = Image(height=image.shape[0], width=image.shape[1], encoding=encoding)
        message.header.frame_id = self._frame_id
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_nanos, NANOS_PER_SEC)
        message.step = encoding_named(encoding).row_bytes(image.shape[1])
        message.data.frombytes(np.ascontiguousarray(image).data.cast("B"))
        return message


_outputs: dict[tuple[int, str], _Output] = {}  # by node and name
_lock = threading.Lock()


def _output(name: str, node: Node | None, *, frame_id: str) -> _Output:
    own = node_or_own(node)
    with _lock:
        output = _outputs.get((id(own), name))
        if output is None or output.is_closed:
            output = _outputs[id(own), name] = _Output(name, own, frame_id=frame_id)
        return output


def _image_and_encoding(image: NDArray[Any], encoding: str | None) -> tuple[NDArray[Any], str]:
    array = np.asarray(image)
    if encoding is not None:
        return array, encoding
    if array.ndim == 3 and array.shape[2] == 3 and array.dtype.kind == "f":
        return (np.clip(array, 0.0, 1.0) * 255.0 + 0.5).astype(np.uint8), "rgb8"
    guesses = {(3, "uint8"): "rgb8", (2, "uint8"): "mono8", (2, "uint16"): "16UC1", (2, "float32"): "32FC1"}
    guess = guesses.get((array.ndim, array.dtype.name))
    if guess is None or array.shape[2:] not in ((), (3,)):
        raise ArrayContractError(
            f"got an array of shape {array.shape}, {array.dtype}: expected (height, width, 3) uint8 RGB, or float "
            "from 0 to 1, or (height, width) uint8, uint16 or float32"
        )
    return array, guess
