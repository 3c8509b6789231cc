"""sensor_msgs/Image through stock rclpy."""

from __future__ import annotations

import array
from typing import TYPE_CHECKING

import numpy as np
from sensor_msgs.msg import Image

from transport.subjects.ros import SpinningReader, close_node, open_node
from transport.subjects.subject import CopyingWriter

if TYPE_CHECKING:
    from transport.frame import Bytes
    from transport.subjects.subject import Channel

__all__ = ["make_reader", "make_writer"]

DEPTH = 10  # as in the tutorials of ROS 2; reliable, because with best effort large images do not arrive at all


def make_writer(channel: Channel) -> ImageWriter:
    """Return the writing side."""
    return ImageWriter(channel)


def make_reader(channel: Channel, index: int) -> ImageReader:
    """Return the reading side."""
    return ImageReader(channel)


class ImageWriter(CopyingWriter):
    """Publishes each frame as a new message."""

    def __init__(self, channel: Channel) -> None:
        self._node = open_node(channel)
        self._publisher = self._node.create_publisher(Image, channel.name, DEPTH)

    def send(self, frame: Bytes) -> None:
        """Copy into a message, the fastest way that rclpy has, and publish it."""
        message = Image(height=1, width=frame.size // 3, step=frame.size, encoding="rgb8")
        data = array.array("B")
        data.frombytes(frame.data)
        message.data = data
        self._publisher.publish(message)

    def close(self) -> None:
        """End the node."""
        close_node(self._node)


class ImageReader(SpinningReader):
    """Gets messages, whose data numpy can read without another copy."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self.node.create_subscription(Image, channel.name, self._deliver_image, DEPTH)

    def _deliver_image(self, message: Image) -> None:
        self.deliver(np.frombuffer(message.data, np.uint8))
