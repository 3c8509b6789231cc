"""Publishing by filling a slot of shared memory in place."""

from __future__ import annotations

import logging
import time
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rclpy.executors import ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.qos import QoSProfile

from rclpy_loans import rcl
from rclpy_loans.abandoned import release_abandoned_locks
from rclpy_loans.exceptions import LoanUnavailableError, PublisherError
from rclpy_loans.fence import full_fence
from rclpy_loans.layout import message_dtype
from rclpy_loans.qos import loan_qos
from rclpy_loans.shared_memory import check_room, make_private
from rclpy_loans.slot import Slot, SlotMap, has_sequence

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.publisher import Publisher

__all__ = ["Loan", "LoanPublisher"]

_logger = logging.getLogger(__name__)
RCLError = _rclpy.RCLError
InvalidHandle = _rclpy.InvalidHandle
OLD_TYPE_SECS = 2.0
RETRY_SECS = 0.01
STALL_SECS = 0.5  # publishing waits for nobody, unless a reader's lock is held; Fast DDS gives up after 1 s
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
        self._has_sequence = has_sequence(self.dtype)
        self._next_sequence = 1  # of messages with a seqlock that are given no other
        self._outstanding = 0  # loans between borrow and publish
        self._create()

    def _create(self) -> None:
        self._publisher = self._create_publisher()
        self._lender = rcl.Lender(self._publisher.handle, rcl.type_support(self._msg_type))
        self._slots = SlotMap(self.dtype, writable=True)
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

    def loan(self, *, sequence: int | None = None) -> Loan:
        """Lend a message to fill: `with publisher.loan() as message:` publishes it at the end of the block.

        An exception in the block returns the loan unpublished. What the message holds at the start is undefined.

        Memory: writable view of the shared slot; fill it inside the block only. Writing to it later does no harm to
        this process but spoils a message that readers may hold.

        Args:
            sequence: above 0, for messages that carry `sequence` and `sequence_tail`; by default 1, 2, 3, ...
                Both are written for you: do not write them yourself.

        Returns:
            A context manager that gives a () structured array with the message's fields. Entering it raises
            LoanUnavailableError when no slot is free because other loans of this publisher are still open,
            PublisherError when the publisher is closed, and rclpy.executors.ExternalShutdownException when rclpy was
            shut down.

        Raises:
            PublisherError: `sequence` does not suit; at the end of the block: the middleware refused the message.
        """
        if sequence is None:
            sequence = self._next_sequence
        elif sequence < 1 or not self._has_sequence:
            wanted = "at least 1" if self._has_sequence else f"none: {self._msg_type.__name__} does not carry one"
            raise PublisherError(f"got sequence {sequence} for {self.topic}: expected {wanted}")
        return Loan(self, sequence)

    def close(self) -> None:
        """Stop publishing, after the loans that are open now. Views stay readable. Calling it again does nothing."""
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

    def _borrow_after(self, error: rcl.RclError) -> int:
        """Return the address of a message to fill although borrowing failed, or say why that cannot be."""
        if self._node.context.ok() and not self._outstanding:
            # rmw_fastrtps can lose slots for good when subscribers come and go (ros2/rmw_fastrtps#810).
            _logger.warning("no slot is left on %s although no loan is open: making the publisher anew", self.topic)
            self.close()
            self._create()
            try:
                return self._lender.borrow()
            except rcl.RclError as again:
                error = again
        if not self._node.context.ok():
            raise ExternalShutdownException from None
        raise LoanUnavailableError(
            f"no free slot on {self.topic} ({error}); {self._outstanding} loan(s) are open: "
            f"leave their blocks first, or raise the depth of {self._qos.depth}"
        ) from error

    def _lend(self) -> tuple[int, Slot] | None:
        """Return the address and the slot of a message to fill; None where it has to be copied."""
        if not self._is_lent:
            return None
        try:
            address = self._lender.borrow()
        except rcl.RclError as error:
            address = self._borrow_after(error)
        except InvalidHandle:
            raise self._closed_error() from None
        self._outstanding += 1
        slot = self._slots.get(address) or self._slots.find(address, owner=_OURSELVES)
        if slot is not None:
            return address, slot
        self._return(address)  # lent from private memory: every message will be copied all the same
        self._is_lent = False
        self._say_copying("data sharing is off")
        return None

    def _return(self, address: int | None) -> None:
        if address is not None:
            self._outstanding -= 1
            try:
                self._lender.give_back(address)
            except rcl.RclError:
                if self._node.context.ok():  # otherwise the slot ends with the publisher
                    raise

    def _publish(self, address: int | None, data: NDArray[np.void], sequence: int) -> None:
        self._next_sequence = sequence + 1
        started = time.monotonic()
        try:
            if address is None:
                with (handle := self._publisher.handle):
                    rcl.publish(handle, data.ctypes.data)
            else:
                self._lender.publish(address)
                self._outstanding -= 1
        except rcl.RclError as error:
            self._return(address)
            if not self._node.context.ok():
                raise ExternalShutdownException from None
            raise PublisherError(f"could not publish on {self.topic}: {error}") from error
        except InvalidHandle:
            raise self._closed_error() from None
        if time.monotonic() - started > STALL_SECS:
            release_abandoned_locks()

    def _closed_error(self) -> PublisherError:
        return PublisherError(f"the publisher of {self._topic} is closed: make a new one")

    def _say_copying(self, reason: str) -> None:
        _logger.warning(
            "%s is copied, not shared: %s; call rclpy_loans.apply_profile() before rclpy.init(), with rmw_fastrtps_cpp",
            self.topic,
            reason,
        )


class Loan:
    """A message on loan, as LoanPublisher.loan() gives it: a context manager that is entered once."""

    __slots__ = ("_address", "_publisher", "_record", "_sequence", "_slot")

    def __init__(self, publisher: LoanPublisher, sequence: int) -> None:
        self._publisher = publisher
        self._sequence = sequence
        self._address: int | None = None  # of the slot, in the middleware's mapping; None where it is copied
        self._slot: Slot | None = None

    def __enter__(self) -> NDArray[np.void]:
        publisher = self._publisher
        lent = publisher._lend()
        if lent is None:
            self._record: NDArray[np.void] = np.zeros((), publisher.dtype)
            return self._record
        self._address, slot = lent
        self._slot = slot
        self._record = slot.record
        if publisher._has_sequence:
            slot.write_sequence(0)
        full_fence()  # readers see the old number gone before they can see new content
        return self._record

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        publisher = self._publisher
        if kind is not None:
            publisher._return(self._address)
            return
        full_fence()  # and the new content before the new number
        if publisher._has_sequence:
            if self._slot is not None:
                self._slot.write_sequence(self._sequence)
            else:
                self._record["sequence"] = self._record["sequence_tail"] = self._sequence
        publisher._publish(self._address, self._record, self._sequence)
