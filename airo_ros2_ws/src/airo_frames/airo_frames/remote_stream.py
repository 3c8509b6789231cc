"""Receiving the frames of a camera on another host: as JPEG images, from the compressed relay that runs there."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy.executors import ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.qos import QoSHistoryPolicy, QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import CompressedImage

from airo_frames.exceptions import EncodingError
from airo_frames.frame import Frame
from airo_frames.jpeg_frame import decode_frame
from airo_frames.stamps import NANOS_PER_SEC
from rclpy_loans.exceptions import SubscriptionError, TakeTimeoutError
from rclpy_loans.rcl import type_support
from rclpy_loans.wakeup import Wakeup

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["RemoteFrames", "compressed_topic"]

_logger = logging.getLogger(__name__)
DEPTH = 2  # images that wait for us; the relay holds as many


def compressed_topic(frame_topic: str) -> str | None:
    """Return where the images of <camera>/frame are for other hosts; None for a topic of another name."""
    camera, _, last = frame_topic.rpartition("/")
    return f"{camera}/image_raw/compressed" if camera and last == "frame" else None


class RemoteFrames:
    """Takes the frames of a camera on another host. Each is decoded for us: is_zero_copy is False.

    With a callback it belongs to the node's executor, which calls it; without one, `take()` waits for frames.

    Args:
        node: subscribes.
        topic: resolved name, as compressed_topic() returns it.
        callback: called by the executor with a Frame.
    """

    def __init__(self, node: Node, topic: str, callback: Callable[[Frame], None] | None) -> None:
        self.topic = topic
        self._node = node
        self._callback = callback
        self._count = 0
        self._is_closed = False
        self._last_complaint = ""
        self._lock = threading.Lock()  # one thread takes at a time
        qos = QoSProfile(depth=DEPTH, history=QoSHistoryPolicy.KEEP_LAST, reliability=QoSReliabilityPolicy.RELIABLE)
        self._subscription: Any = None
        self._wakeup: Wakeup | None = None
        if callback is not None:
            self._subscription = node.create_subscription(CompressedImage, topic, self._on_message, qos)
            return
        type_support(CompressedImage)
        with node.handle:
            self._handle = _rclpy.Subscription(node.handle, CompressedImage, topic, qos.get_c_qos_profile())
        with self._handle:
            self._wakeup = Wakeup(self._handle)

    def take(self, timeout: float, *, newest: bool = True) -> Frame:
        """Wait for a frame and return it.

        Args:
            timeout: s, at most.
            newest: return the newest waiting frame and drop the older ones, otherwise the oldest.

        Raises:
            TakeTimeoutError: none came in time.
            SubscriptionError: it has a callback or is closed.
            rclpy.executors.ExternalShutdownException: rclpy was shut down meanwhile.
        """
        if self._wakeup is None:
            raise SubscriptionError(f"the subscription to {self.topic} has a callback: take() needs one without")
        deadline = time.monotonic() + timeout
        with self._lock:
            while True:
                if self._is_closed:
                    raise SubscriptionError(f"the subscription to {self.topic} is closed")
                if not self._node.context.ok():
                    raise ExternalShutdownException
                message = self._next(newest=newest)
                frame = None if message is None else self._decode(message)
                if frame is not None:
                    return frame
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise TakeTimeoutError(self.topic, timeout, self._node.count_publishers(self.topic))
                if message is None:
                    self._wakeup.wait(remaining)

    def close(self) -> None:
        """Stop receiving, and end a take() that waits in another thread. May be called again."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._wakeup is None:
            self._node.destroy_subscription(self._subscription)
            return
        self._wakeup.interrupt()
        with self._lock:
            self._wakeup.close()
            self._handle.destroy_when_not_in_use()

    def _next(self, *, newest: bool) -> CompressedImage | None:
        message = None
        for _ in range(DEPTH if newest else 1):
            with self._handle:
                taken = self._handle.take_message(CompressedImage, False)
            if taken is None:
                break
            message = taken[0]
            self._count += 1
        return message

    def _on_message(self, message: CompressedImage) -> None:
        self._count += 1
        frame = self._decode(message)
        if frame is not None and self._callback is not None:
            self._callback(frame)

    def _decode(self, message: CompressedImage) -> Frame | None:
        stamp = message.header.stamp
        try:
            return decode_frame(
                memoryview(message.data).tobytes(),
                stamp_nanos=stamp.sec * NANOS_PER_SEC + stamp.nanosec,
                frame_id=message.header.frame_id,
                sequence=self._count,
            )
        except EncodingError as error:
            if str(error) != self._last_complaint:
                self._last_complaint = str(error)
                _logger.warning("%s: %s", self.topic, error)
            return None
