"""Taking messages as views of the shared memory that their publisher wrote."""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rclpy.executors import ExternalShutdownException
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.qos import QoSProfile
from rclpy.waitable import NumberOfEntities, Waitable

from rclpy_loans import rcl
from rclpy_loans.abandoned import release_abandoned_locks
from rclpy_loans.direct import DirectCall
from rclpy_loans.exceptions import SampleOverwrittenError, SubscriptionError, TakeTimeoutError
from rclpy_loans.layout import message_dtype
from rclpy_loans.qos import loan_qos
from rclpy_loans.sample import Sample
from rclpy_loans.segment import SegmentUnavailableError
from rclpy_loans.shared_memory import check_room_to_listen, other_owner
from rclpy_loans.slot import Slot, SlotMap, has_sequence, number_bytes
from rclpy_loans.wakeup import Wakeup

if TYPE_CHECKING:
    from rclpy.callback_groups import CallbackGroup
    from rclpy.node import Node

__all__ = ["LoanSubscription"]

_logger = logging.getLogger(__name__)
_TRIES_TO_FIND_HEADER = 5  # samples that may be lost before copying starts


class LoanSubscription(Waitable):
    """Takes messages of a fixed size without a copy.

    With a callback it belongs to the node's executor, which calls it; without one, `take()` waits for messages.

    Args:
        node: the node that subscribes.
        msg_type: message class without strings and sequences.
        topic: name of the topic.
        callback: called by the executor with a Sample.
        qos: see loan_qos(), which is the default.
        newest: hand only the newest waiting message to the callback, otherwise each of them.
        direct: call the callback in the middleware's own thread as soon as a message is there, not in the executor.
            That is the soonest. The callback must be short, and not close the subscription; what it raises is logged.
        callback_group: of the callback; by default the node's.

    Raises:
        UnsupportedMessageError: the message has no fixed size.
        SharedMemoryError: /dev/shm is full.
    """

    def __init__(
        self,
        node: Node,
        msg_type: type,
        topic: str,
        callback: Callable[[Sample], None] | None = None,
        *,
        qos: QoSProfile | None = None,
        newest: bool = True,
        direct: bool = False,
        callback_group: CallbackGroup | None = None,
    ) -> None:
        super().__init__(callback_group or node.default_callback_group)  # type: ignore[no-untyped-call]
        self.dtype = message_dtype(msg_type)
        self._type_name = "/".join((*msg_type.__module__.split(".")[:2], msg_type.__name__))
        self.overwritten = 0  # messages whose slot was reused before they could be handed out
        self._node = node
        self._callback = callback
        self._newest = newest
        self._slots = SlotMap(self.dtype, writable=False)
        self._is_header_known = False  # once it was found before one message, it must be there before each
        self._headers_not_found = 0
        self._has_sequence = has_sequence(self.dtype)
        self._is_lent = True  # until the middleware or the messages prove otherwise
        self._said_copying = False
        self._lock = threading.Lock()  # one thread takes at a time
        qos = qos or loan_qos()
        self._depth = max(1, qos.depth)
        check_room_to_listen(topic)
        with node.handle:
            profile = qos.get_c_qos_profile()
            self._handle = _rclpy.Subscription(node.handle, msg_type, topic, profile)
        with self._handle:
            self.topic: str = self._handle.get_topic_name()
            self._taker = rcl.Taker(self._handle)
        self._is_closed = False
        self._wakeup: Wakeup | None = None
        self._direct: DirectCall | None = None
        if callback is None:
            self._wakeup = Wakeup(self._handle)
        elif direct:
            self._direct = DirectCall(self._handle, lambda: self._call_back(self.take_data()))
        else:
            node.add_waitable(self)

    @property
    def publisher_count(self) -> int:
        """Publishers that are connected now."""
        with self._handle:
            return int(self._handle.get_publisher_count())

    def take(self, timeout: float, *, newest: bool = True) -> Sample:
        """Wait for a message and return it.

        Args:
            timeout: s, at most; 0 looks once.
            newest: return the newest waiting message and drop the older ones, otherwise the oldest.

        Raises:
            TakeTimeoutError: none came in time.
            SubscriptionError: the subscription has a callback or is closed.
            rclpy.executors.ExternalShutdownException: rclpy was shut down meanwhile.
        """
        if self._wakeup is None:
            raise SubscriptionError(f"the subscription to {self.topic} has a callback: take() needs one without")
        deadline = time.monotonic() + timeout
        with self._lock:
            while True:
                if self._is_closed:
                    raise SubscriptionError(f"the subscription to {self.topic} is closed")
                samples = self._take_waiting(None if newest else 1)
                if samples:
                    return samples[-1]
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise self._timeout_error(timeout)
                self._wakeup.wait(remaining)

    def take_copy(self, timeout: float) -> NDArray[np.void]:
        """Wait for a message and return a whole copy; if it is overwritten meanwhile, of the newest after it.

        Args:
            timeout: s, at most.

        Returns:
            () structured array, yours to keep.

        Raises:
            TakeTimeoutError: none came in time, or none could be copied in time.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                return self.take(max(0.0, deadline - time.monotonic())).copy()
            except SampleOverwrittenError:
                self.overwritten += 1

    def close(self) -> None:
        """Stop receiving and end a `take()` that waits in another thread. Views stay readable. May be called again."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._direct is not None:
            self._direct.close()
        elif self._wakeup is not None:
            self._wakeup.interrupt()
        else:
            self._node.remove_waitable(self)
        with self._lock:
            if self._wakeup is not None:
                self._wakeup.close()
            release_abandoned_locks()  # the middleware's thread cannot end while it waits for one
            self._handle.destroy_when_not_in_use()

    # --- rclpy's Waitable: called by the executor ---

    def __enter__(self) -> None:
        """Keep the subscription alive while the executor waits on it."""
        self._handle.__enter__()

    def __exit__(self, *error: object) -> None:
        """End what __enter__ began."""
        self._handle.__exit__(*error)

    def get_num_entities(self) -> NumberOfEntities:
        """Return what is added to a wait set."""
        return NumberOfEntities(1, 0, 0, 0, 0)

    def add_to_wait_set(self, wait_set: Any) -> None:
        """Add the subscription to a wait set."""
        self._index_in_wait_set = wait_set.add_subscription(self._handle)

    def is_ready(self, wait_set: Any) -> bool:
        """Return whether messages wait."""
        return bool(wait_set.is_ready("subscription", self._index_in_wait_set))

    def take_data(self) -> list[Sample]:
        """Take everything that waits: what is left would wake the executor again at once."""
        with self._lock:
            if self._is_closed:
                return []
            samples = self._take_waiting()
        return samples[-1:] if self._newest else samples

    async def execute(self, taken_data: list[Sample]) -> None:
        """Call the callback."""
        self._call_back(taken_data)

    def _call_back(self, samples: list[Sample]) -> None:
        if self._callback is not None:
            for sample in samples:
                self._callback(sample)

    # --- taking; the lock is held ---

    def _take_waiting(self, limit: int | None = None) -> list[Sample]:
        """Return the messages that wait and are still whole, oldest first.

        Not more are looked at than the subscription can hold, which are those that waited when this began: publishers
        that are faster than we are would keep us here for ever.
        """
        samples: list[Sample] = []
        try:
            for _ in range(self._depth):
                sample: Sample | None
                if self._is_lent:
                    taken = self._taker.take_loaned()
                    if taken is None:
                        break
                    address, info = taken
                    try:
                        sample = self._sample_of_loan(address, info)
                    finally:
                        # At once: a subscription with open loans cannot be removed. Our own mapping serves the view.
                        self._taker.give_back(address)
                    if sample is None:
                        self.overwritten += 1
                        continue
                else:
                    sample = self._sample_of_copy()
                    if sample is None:
                        break
                samples.append(sample)
                if len(samples) == limit:
                    break
        except rcl.LoansUnsupportedError:
            self._stop_lending(f"the middleware does not lend {self.dtype.itemsize}-byte messages of this type")
            return self._take_waiting(limit)
        except rcl.RclError:
            if self._node.context.ok():
                raise
            raise ExternalShutdownException from None
        if not samples and not self._node.context.ok():
            raise ExternalShutdownException
        return samples

    def _sample_of_loan(self, address: int, info: tuple[int, int, int, bytes]) -> Sample | None:
        """Return a sample that no longer needs the loan; None if its slot was reused or its publisher has gone."""
        _, _, publication_number, gid = info
        number = number_bytes(publication_number)
        slot = self._slots.get(address)
        if slot is None or not slot.holds(number + gid):
            if slot is not None and slot.owner() == gid:
                return None  # the mapping is right, and another message of the same publisher is in the slot
            try:
                slot = self._find(address, number, gid)
            except SegmentUnavailableError:
                return None
            if slot is None:
                return self._sample_of_transport(address, info)
        sequence = slot.sequence() if self._has_sequence else None
        if self._has_sequence and sequence is None:
            return None
        if slot.header is None:  # then nothing tells that what lies there is the message that `info` is about
            if not self._is_header_known and not slot.shows_reuse(gid):
                self._count_missing_header()
            return None
        return Sample(slot.record, self.topic, info, slot, number, sequence)

    def _find(self, address: int, number: bytes, gid: bytes) -> Slot | None:
        """Return the slot behind an address, and its header if it is found there; None if it is in no shared memory."""
        for find in (self._slots.find, self._slots.find_anew):
            slot = find(address, owner=gid)
            if slot is None:
                return None
            if slot.find_header(number + gid):
                self._is_header_known = True
                break
        return slot

    def _sample_of_transport(self, address: int, info: tuple[int, int, int, bytes]) -> Sample:
        """Return a copy of a message that lies in memory which is ours until the loan is given back."""
        self._say_copying("its publisher is on another machine, belongs to another user, or does not share")
        copied = np.frombuffer(ctypes.string_at(address, self.dtype.itemsize), self.dtype).reshape(())
        return Sample(copied, self.topic, info)

    def _sample_of_copy(self) -> Sample | None:
        """Return the next message as a copy that the middleware makes and checks."""
        copied = np.zeros((), self.dtype)
        info = self._taker.take_copy(copied.ctypes.data)
        if info is None:
            return None
        copied.flags.writeable = False
        return Sample(copied, self.topic, info)

    def _count_missing_header(self) -> None:
        """Fall back to copies when nothing can tell whether a view is whole."""
        self._headers_not_found += 1
        if self._headers_not_found >= _TRIES_TO_FIND_HEADER:
            self._stop_lending("this version of Fast DDS keeps its messages' numbers where we do not find them")

    def _timeout_error(self, timeout: float) -> TakeTimeoutError:
        """Return an error that says what is known of the publishers: of another user, or of another type."""
        publishers = self._node.get_publishers_info_by_topic(self.topic)
        owners = (other_owner(bytes(info.endpoint_gid[:16])) for info in publishers)
        other_user = next((owner for owner in owners if owner is not None), None)
        other_types = tuple(sorted({info.topic_type for info in publishers} - {self._type_name}))
        return TakeTimeoutError(self.topic, timeout, self.publisher_count, other_user, other_types)

    def _stop_lending(self, reason: str) -> None:
        self._is_lent = False
        self._say_copying(reason)

    def _say_copying(self, reason: str) -> None:
        if not self._said_copying:
            self._said_copying = True
            _logger.warning("%s is copied, not shared: %s", self.topic, reason)
