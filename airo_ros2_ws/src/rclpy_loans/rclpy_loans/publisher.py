"""Publishing by filling a slot of shared memory in place."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rclpy.executors import ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.qos import QoSProfile

from rclpy_loans import rcl
from rclpy_loans.exceptions import LoanUnavailableError, PublisherError
from rclpy_loans.fence import full_fence
from rclpy_loans.guard import has_sequence
from rclpy_loans.layout import message_dtype
from rclpy_loans.qos import loan_qos
from rclpy_loans.segment import SegmentMap
from rclpy_loans.shared_memory import check_room, make_private

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.publisher import Publisher

__all__ = ["LoanPublisher"]

_logger = logging.getLogger(__name__)
RCLError = _rclpy.RCLError
OLD_TYPE_SECS = 2.0
RETRY_SECS = 0.01
_OURSELVES = b""  # one segment: our own


class LoanPublisher:
    """Publishes messages of a fixed size without a copy.

    Use it from one thread at a time. It never waits for a subscriber.

    Args:
        node: the node that publishes.
        msg_type: message class without strings and sequences.
        topic: name of the topic.
        qos: see loan_qos(), which is the default.
        is_private: only processes of this user may read the shared memory.

    Raises:
        UnsupportedMessageError: the message has no fixed size.
        SharedMemoryError: the messages do not fit into shared memory.
        PublisherError: the topic's name is not valid, or this process uses the topic with another type.
    """

    def __init__(
        self, node: Node, msg_type: type, topic: str, *, qos: QoSProfile | None = None, is_private: bool = True
    ) -> None:
        self.dtype = message_dtype(msg_type)
        self._node = node
        self._msg_type = msg_type
        self._topic = topic
        self._qos = qos or loan_qos()
        self._is_private = is_private
        self._support = rcl.type_support(msg_type)
        self._has_sequence = has_sequence(self.dtype)
        self._next_sequence = 1  # of messages with a seqlock that are given no other
        self._outstanding = 0  # loans between borrow and publish
        self._create()

    def _create(self) -> None:
        self._publisher = self._create_publisher()
        self._segments = SegmentMap(writable=True)
        with (handle := self._publisher.handle):
            self._is_lent = rcl.can_loan(handle)
            if self._is_private:
                make_private(rcl.publisher_gid(handle))
        if not self._is_lent:
            self._say_copying(f"the middleware lends no {self._msg_type.__name__}")

    @property
    def topic(self) -> str:
        """Resolved name of the topic."""
        return str(self._publisher.topic_name)

    @property
    def is_zero_copy(self) -> bool:
        """Whether messages are filled in shared memory; known after the first loan, True until it proves otherwise."""
        return self._is_lent

    @property
    def subscription_count(self) -> int:
        """Subscriptions that are connected now."""
        return int(self._publisher.get_subscription_count())

    @contextmanager
    def loan(self, *, sequence: int | None = None) -> Iterator[NDArray[np.void]]:
        """Lend a message to fill, and publish it at the end of the block.

        An exception in the block returns the loan unpublished. What the message holds at the start is undefined.

        Memory: writable view of the shared slot; fill it inside the block only. Writing to it later does no harm to
        this process but spoils a message that readers may hold.

        Args:
            sequence: above 0, for messages that carry `sequence` and `sequence_tail`; by default 1, 2, 3, ...
                Both are written for you: do not write them yourself.

        Yields:
            () structured array with the message's fields.

        Raises:
            LoanUnavailableError: no slot is free, because other loans of this publisher are still open.
            PublisherError: the middleware refused the message, or `sequence` does not suit.
            rclpy.executors.ExternalShutdownException: rclpy was shut down.
        """
        if sequence is not None and (sequence < 1 or not self._has_sequence):
            wanted = "at least 1" if self._has_sequence else f"none: {self._msg_type.__name__} does not carry one"
            raise PublisherError(f"got sequence {sequence} for {self.topic}: expected {wanted}")
        address = self._borrow() if self._is_lent else None
        data = self._slot(address)
        if data is None:  # lent from private memory: every message will be copied all the same
            self._return(address)
            self._is_lent = False
            self._say_copying("data sharing is off")
            address, data = None, np.zeros((), self.dtype)
        if self._has_sequence:
            data["sequence"] = data["sequence_tail"] = 0
        full_fence()  # readers see the old number gone before they can see new content
        try:
            yield data
        except BaseException:
            self._return(address)
            raise
        full_fence()  # and the new content before the new number
        if self._has_sequence:
            data["sequence"] = data["sequence_tail"] = self._next_sequence if sequence is None else sequence
            self._next_sequence = int(data["sequence"]) + 1
        self._publish(address, data)

    def close(self) -> None:
        """Stop publishing. Views of earlier loans stay readable. Calling it again does nothing."""
        self._node.destroy_publisher(self._publisher)

    def _create_publisher(self) -> Publisher:
        deadline = time.monotonic() + OLD_TYPE_SECS
        check_room(self._topic, message_bytes=self.dtype.itemsize, depth=self._qos.depth)
        while True:
            try:
                return self._node.create_publisher(self._msg_type, self._topic, self._qos)
            except RCLError as error:
                if not self._node.context.ok():
                    raise ExternalShutdownException from None
                # A participant has one type per topic. A publisher of another type that was just destroyed lives on
                # until the executor, which waits for its events, has let it go.
                if "incompatible type" not in str(error) or time.monotonic() > deadline:
                    raise PublisherError(
                        f"cannot publish {self._msg_type.__name__} on {self._topic}: {error}"
                    ) from error
                time.sleep(RETRY_SECS)

    def _borrow(self) -> int:
        for is_last_try in (False, True):
            try:
                with (handle := self._publisher.handle):
                    address = rcl.borrow(handle, self._support)
            except rcl.RclError as error:
                if not self._node.context.ok():
                    raise ExternalShutdownException from None
                if self._outstanding or is_last_try:
                    raise LoanUnavailableError(
                        f"no free slot on {self.topic} ({error}); {self._outstanding} loan(s) are open: "
                        f"leave their blocks first, or raise the depth of {self._qos.depth}"
                    ) from error
                # rmw_fastrtps can lose slots for good when subscribers come and go (ros2/rmw_fastrtps#810).
                _logger.warning("no slot is left on %s although no loan is open: making the publisher anew", self.topic)
                self.close()
                self._create()
            else:
                self._outstanding += 1
                return address
        raise AssertionError("unreachable")

    def _slot(self, address: int | None) -> NDArray[np.void] | None:
        """Return the record at an address in our own mapping, or a private one without an address."""
        if address is None:
            return np.zeros((), self.dtype)
        location = self._segments.locate(address, self.dtype.itemsize, owner=_OURSELVES)
        if location is None:
            return None
        mapping: Any = location.segment.mapping
        return np.ndarray((), self.dtype, buffer=mapping, offset=location.offset)

    def _return(self, address: int | None) -> None:
        if address is not None:
            self._outstanding -= 1
            with (handle := self._publisher.handle):
                rcl.return_unpublished(handle, address)

    def _publish(self, address: int | None, data: NDArray[np.void]) -> None:
        try:
            with (handle := self._publisher.handle):
                if address is None:
                    rcl.publish(handle, data.ctypes.data)
                else:
                    rcl.publish_loaned(handle, address)
                    self._outstanding -= 1
        except rcl.RclError as error:
            self._return(address)
            if not self._node.context.ok():
                raise ExternalShutdownException from None
            raise PublisherError(f"could not publish on {self.topic}: {error}") from error

    def _say_copying(self, reason: str) -> None:
        _logger.warning(
            "%s is copied, not shared: %s; call rclpy_loans.apply_profile() before rclpy.init(), with rmw_fastrtps_cpp",
            self.topic,
            reason,
        )
