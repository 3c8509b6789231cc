"""A message that was taken, as a numpy record, with the means to know whether it is still whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rclpy_loans.exceptions import SampleOverwrittenError
from rclpy_loans.fence import full_fence
from rclpy_loans.slot import Slot

__all__ = ["Sample", "SampleInfo"]


@dataclass(frozen=True)
class SampleInfo:
    """What the middleware tells of a message.

    Attributes:
        source_stamp_nanos: when it was published, ns since the epoch.
        received_stamp_nanos: when the middleware received it, ns since the epoch.
        publication_number: counts the messages of one publisher from 1; a gap means lost messages.
        publisher_gid: 16 bytes that tell publishers apart.
    """

    source_stamp_nanos: int
    received_stamp_nanos: int
    publication_number: int
    publisher_gid: bytes


class Sample:
    """A message that was taken.

    Memory: `data` is a read-only view of the publisher's slot when `is_zero_copy`. It can always be read without harm;
    its content is this message until the publisher reuses the slot, which `is_valid()` tells. Otherwise it is yours.

    Attributes:
        data: () structured array with the message's fields, read-only.
        topic: resolved name of the topic.
    """

    # Made for every message, so it makes as little as possible: what is rarely asked for is computed when it is.
    __slots__ = ("_info", "_number", "_sequence", "_slot", "data", "topic")

    def __init__(
        self,
        data: NDArray[np.void],
        topic: str,
        info: tuple[int, int, int, bytes],
        slot: Slot | None = None,
        number: bytes = b"",
        sequence: bytes | None = None,
    ) -> None:
        self.data = data
        self.topic = topic
        self._info = info  # the fields of SampleInfo
        self._slot = slot  # None for a copy
        self._number = number  # what the slot's header holds while the message is in it
        self._sequence = sequence  # what its own head and tail hold; None for messages without a seqlock

    @property
    def info(self) -> SampleInfo:
        """What the middleware tells of the message."""
        return SampleInfo(*self._info)

    @property
    def is_zero_copy(self) -> bool:
        """Whether `data` lies in the shared memory that the publisher wrote."""
        return self._slot is not None

    def is_valid(self) -> bool:
        """Return whether everything read from `data` so far belongs to this message."""
        slot = self._slot
        if slot is None:
            return True
        full_fence()
        return slot.holds(self._number) and (self._sequence is None or slot.sequence() == self._sequence)

    def check_valid(self) -> None:
        """Do nothing if everything read from `data` so far belongs to this message.

        Raises:
            SampleOverwrittenError: the publisher has reused the slot.
        """
        if not self.is_valid():
            raise SampleOverwrittenError(self.topic, self.info.publication_number)

    def copy(self) -> NDArray[np.void]:
        """Return a whole copy of the message, () structured array, yours to keep.

        Raises:
            SampleOverwrittenError: the publisher reused the slot before the copy was complete.
        """
        copied: NDArray[np.void] = self.data.copy()
        self.check_valid()
        return copied

    def __getitem__(self, field: str) -> Any:
        """Return a field of the message: a view, as `data[field]`."""
        return self.data[field]

    def __repr__(self) -> str:
        state = "copy" if self._slot is None else "view" if self.is_valid() else "overwritten view"
        return f"<Sample {self.info.publication_number} of {self.topic}: {state}>"
