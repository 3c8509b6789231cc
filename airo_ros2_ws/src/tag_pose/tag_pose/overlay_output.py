"""The overlay image, drawn and published only while somebody looks at it, in a thread of its own."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from tag_pose.overlay import draw_tags
from tag_pose.standard_messages import time_message
from tag_pose.tagged_frame import TaggedFrame

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["OverlayOutput"]

TOPIC = "tags_overlay"
JPEG_QUALITY = 85
WAIT_SECS = 0.2  # how soon the thread notices that it should end


class OverlayOutput:
    """Publishes the newest result as an image on tags_overlay and tags_overlay/compressed.

    Both are what rviz2, rqt and web views can show: sensor_msgs/Image, and under the name that image_transport gives it
    the JPEG, a fiftieth of the size. Drawing never delays the poses: it has its own thread, which takes the newest
    result and leaves out those that come meanwhile.

    Args:
        node: the node that publishes.
        failed: called once, in the thread, if it ends by an error.
    """

    def __init__(self, node: Node, *, failed: Callable[[Exception], None]) -> None:
        self._raw = node.create_publisher(Image, TOPIC, 1)
        self._compressed = node.create_publisher(CompressedImage, f"{TOPIC}/compressed", 1)
        self._failed = failed
        self._changed = threading.Condition()  # guards the two below
        self._newest: TaggedFrame | None = None
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="overlay", daemon=True)
        self._thread.start()

    def offer(self, result: TaggedFrame) -> None:
        """Let a result be drawn if somebody looks, and nothing newer comes before."""
        if not (self._raw.get_subscription_count() or self._compressed.get_subscription_count()):
            return
        with self._changed:
            self._newest = result
            self._changed.notify()

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._newest is not None or self._is_stopping, WAIT_SECS)
                    if self._is_stopping:
                        return
                    result, self._newest = self._newest, None
                if result is not None:
                    self._draw(result)
        except Exception as error:  # must end the node with its reason, not a silent thread
            self._failed(error)

    def _draw(self, result: TaggedFrame) -> None:
        frame = result.frame
        image = draw_tags(result.gray, result.tags, result.bundles, intrinsics=frame.intrinsics, table=result.table)
        header = Header(stamp=time_message(frame.stamp_nanos), frame_id=frame.frame_id)
        if self._raw.get_subscription_count():
            self._raw.publish(_image_message(header, image))
        if self._compressed.get_subscription_count():
            is_encoded, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
            if is_encoded:
                data = array("B", jpeg.tobytes())
                self._compressed.publish(CompressedImage(header=header, format="bgr8; jpeg compressed bgr8", data=data))


def _image_message(header: Header, image: NDArray[np.uint8]) -> Image:
    message = Image(header=header, encoding="bgr8", is_bigendian=False)
    message.height, message.width, message.step = image.shape[0], image.shape[1], 3 * image.shape[1]
    message.data = array("B", image.tobytes())
    return message
