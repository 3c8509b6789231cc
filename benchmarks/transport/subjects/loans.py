"""rclpy_loans: what this project offers."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from rclpy.qos import QoSProfile

from rclpy_loans import LoanPublisher, LoanSubscription, Sample, TakeTimeoutError, loan_qos
from transport.subjects.ros import SpinningReader, close_node, message_class, open_node
from transport.subjects.subject import SLOTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from transport.frame import Bytes
    from transport.subjects.subject import Channel, Handle, Reader

__all__ = ["make_reader", "make_writer"]


def make_writer(channel: Channel) -> LoanWriter:
    """Return the writing side."""
    return LoanWriter(channel)


def make_reader(channel: Channel, index: int) -> Reader:
    """Return the reading side of the channel's variant."""
    readers: dict[str, Callable[[Channel], Reader]] = {"executor": CallbackReader, "direct": DirectReader}
    return readers.get(channel.variant, TakeReader)(channel)


def qos(channel: Channel) -> QoSProfile:
    """Return the same for both sides."""
    return loan_qos(SLOTS - 1, reliable=channel.variant == "reliable")


class LoanWriter:
    """Fills slots of a LoanPublisher."""

    def __init__(self, channel: Channel) -> None:
        self._node = open_node(channel)
        self._size_bytes = channel.size_bytes
        self._publisher = LoanPublisher(self._node, message_class(channel), channel.name, qos=qos(channel))

    def loan(self) -> Bytes:
        """Open a loan."""
        self._block = self._publisher.loan()
        return self._pixels(self._block.__enter__())

    def publish(self) -> None:
        """Close the loan."""
        self._block.__exit__(None, None, None)

    def send(self, frame: Bytes) -> None:
        """Copy into a loan."""
        with self._publisher.loan() as message:
            self._pixels(message)[:] = frame

    def _pixels(self, message: Any) -> Bytes:
        pixels: Bytes = message["data"][: self._size_bytes]
        return pixels

    def close(self) -> None:
        """End the publisher and the node."""
        self._publisher.close()
        close_node(self._node)


class TakeReader:
    """Takes each frame, in order; the newest only when there are too many."""

    def __init__(self, channel: Channel) -> None:
        self._node = open_node(channel)
        self._size_bytes = channel.size_bytes
        self._newest = channel.is_flood
        self._subscription = LoanSubscription(self._node, message_class(channel), channel.name, qos=qos(channel))

    def receive(self, timeout: float, handle: Handle) -> bool:
        """Take one frame."""
        try:
            sample = self._subscription.take(timeout, newest=self._newest)
        except TakeTimeoutError:
            return False
        handle(sample.data["data"][: self._size_bytes])
        return True

    def close(self) -> None:
        """End the subscription and the node."""
        self._subscription.close()
        close_node(self._node)


class CallbackReader(SpinningReader):
    """Is called by the executor."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._subscription = LoanSubscription(
            self.node,
            message_class(channel),
            channel.name,
            lambda sample: self.deliver(sample.data["data"][: channel.size_bytes]),
            qos=qos(channel),
            newest=channel.is_flood,
        )

    def close(self) -> None:
        """End the subscription and the node."""
        self._subscription.close()
        super().close()


class DirectReader:
    """Is called by the middleware's own thread."""

    def __init__(self, channel: Channel) -> None:
        self._node = open_node(channel)
        self._handle: Handle | None = None
        self._has_received = threading.Event()
        self._size_bytes = channel.size_bytes
        self._subscription = LoanSubscription(
            self._node,
            message_class(channel),
            channel.name,
            self._on_sample,
            qos=qos(channel),
            newest=channel.is_flood,
            direct=True,
        )

    def _on_sample(self, sample: Sample) -> None:
        if self._handle is not None:
            self._handle(sample.data["data"][: self._size_bytes])
            self._has_received.set()

    def receive(self, timeout: float, handle: Handle) -> bool:
        """Wait until the callback has run or the time is over."""
        self._handle = handle
        has_received = self._has_received.wait(timeout)
        self._has_received.clear()
        return has_received

    def close(self) -> None:
        """End the subscription and the node."""
        self._subscription.close()
        close_node(self._node)
