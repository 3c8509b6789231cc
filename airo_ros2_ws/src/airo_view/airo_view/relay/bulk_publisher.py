"""Publishing messages that are one large array of bytes and little else, without Python or rclpy touching each byte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rclpy.duration import Duration
from rclpy.executors import ExternalShutdownException
from rclpy.qos import QoSHistoryPolicy, QoSProfile, QoSReliabilityPolicy
from rclpy.serialization import serialize_message

from rclpy_loans import rcl

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["BulkPublisher", "relay_qos"]

_LENGTH_BYTES = 4  # of a sequence in CDR
_GROWTH = 1.25


def relay_qos(depth: int = 2) -> QoSProfile:
    """Return the QoS of everything that is relayed; readers that are reliable and those that are not both fit."""
    return QoSProfile(depth=depth, history=QoSHistoryPolicy.KEEP_LAST, reliability=QoSReliabilityPolicy.RELIABLE)


class BulkPublisher:
    """Publishes a message class whose last large field is `data`, a sequence of uint8.

    rclpy serialises the message without data, and the bytes are copied once to their place in it. It is that memory
    which Fast DDS copies to its history. (Publishing a message with data, rclpy would copy it twice more.)

    Args:
        node: publishes.
        msg_type: sensor_msgs Image, CompressedImage, PointCloud2, or another whose `data` is last but for `tail_bytes`.
        topic: name.
        tail_bytes: of the fields after `data`.
    """

    def __init__(self, node: Node, msg_type: Any, topic: str, *, tail_bytes: int = 0) -> None:
        self._node = node
        self._publisher = node.create_publisher(msg_type, topic, relay_qos())
        self._tail_bytes = tail_bytes
        self._buffer: NDArray[np.uint8] = np.empty(0, np.uint8)  # the serialised message; kept as long as it fits
        self._length = 0

    @property
    def is_wanted(self) -> bool:
        """Whether somebody subscribes."""
        return self._publisher.get_subscription_count() > 0

    def fill(self, message: Any, data: NDArray[Any]) -> None:
        """Serialise a message; data is copied, once.

        Args:
            message: with all fields but `data`, which is empty.
            data: the bytes of any array without gaps.
        """
        serialised = np.frombuffer(serialize_message(message), np.uint8)
        at = serialised.size - self._tail_bytes
        self._length = serialised.size + data.nbytes
        if self._buffer.size < self._length:
            self._buffer = np.empty(int(self._length * _GROWTH), np.uint8)
        self._buffer[:at] = serialised[:at]
        self._buffer[at - _LENGTH_BYTES : at] = np.frombuffer(data.nbytes.to_bytes(_LENGTH_BYTES, "little"), np.uint8)
        self._buffer[at : at + data.nbytes].view(data.dtype).reshape(data.shape)[...] = data
        self._buffer[at + data.nbytes : self._length] = serialised[at:]

    def publish(self) -> None:
        """Publish what fill() made.

        Raises:
            rclpy.executors.ExternalShutdownException: rclpy was shut down.
        """
        try:
            with (handle := self._publisher.handle):
                rcl.publish_serialized(handle, self._buffer.ctypes.data, self._length)
        except rcl.RclError:
            if self._node.context.ok():
                raise
            raise ExternalShutdownException from None

    def wait_until_acknowledged(self, timeout: float) -> bool:
        """Wait until every reliable reader has all that was published; return whether that is so.

        Args:
            timeout: s, at most.
        """
        return self._publisher.wait_for_all_acked(Duration(seconds=timeout))

    def close(self) -> None:
        """Stop publishing."""
        self._node.destroy_publisher(self._publisher)
