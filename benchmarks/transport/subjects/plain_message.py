"""The fixed-size message of this project through plain rclpy, with data sharing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rclpy_loans import loan_qos
from transport.subjects.ros import SpinningReader, close_node, message_class, open_node
from transport.subjects.subject import SLOTS, CopyingWriter

if TYPE_CHECKING:
    from transport.frame import Bytes
    from transport.subjects.subject import Channel

__all__ = ["make_reader", "make_writer"]


def make_writer(channel: Channel) -> MessageWriter:
    """Return the writing side."""
    return MessageWriter(channel)


def make_reader(channel: Channel, index: int) -> MessageReader:
    """Return the reading side."""
    return MessageReader(channel)


class MessageWriter(CopyingWriter):
    """Publishes a message object that is used again and again."""

    def __init__(self, channel: Channel) -> None:
        self._node = open_node(channel)
        self._size_bytes = channel.size_bytes
        self._publisher = self._node.create_publisher(message_class(channel), channel.name, loan_qos(SLOTS - 1))
        self._message = message_class(channel)()

    def send(self, frame: Bytes) -> None:
        """Copy into the message, and publish it."""
        self._message.data[: self._size_bytes] = frame
        self._publisher.publish(self._message)

    def close(self) -> None:
        """End the node."""
        close_node(self._node)


class MessageReader(SpinningReader):
    """Gets message objects, whose arrays are numpy's."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)

        def deliver(message: Any) -> None:
            self.deliver(message.data[: channel.size_bytes])

        self.node.create_subscription(message_class(channel), channel.name, deliver, loan_qos(SLOTS - 1))
