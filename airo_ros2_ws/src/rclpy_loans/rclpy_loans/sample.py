"""A message that was taken, as a numpy record, with the means to know whether it is still whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rclpy_loans.exceptions import SampleOverwrittenError
from rclpy_loans.fence import full_fence

__all__ = ["Sample", "SampleInfo"]


@dataclass(frozen=True)
class SampleInfo:
    """What the middleware tells of a message.

    Attributes:
        publication_number: counts the messages of one publisher from 1; a gap means lost messages.
        source_stamp_nanos: when it was published, ns since the epoch.
        received_stamp_nanos: when the middleware received it, ns since the epoch.
        publisher_gid: 16 bytes that tell publishers apart.
    """

    publication_number: int
    source_stamp_nanos: int
    received_stamp_nanos: int
    publisher_gid: bytes


@dataclass(frozen=True, eq=False)
class Sample:
    """A message that was taken.

    Memory: `data` is a read-only view of the publisher's slot when `is_zero_copy`. It can always be read without harm;
    its content is this message until the publisher reuses the slot, which `is_valid()` tells. Otherwise it is yours.

    Attributes:
        data: () structured array with the message's fields, read-only.
        info: what the middleware tells of the message.
        topic: resolved name of the topic.
        is_zero_copy: `data` lies in the shared memory that the publisher wrote.
    """

    data: NDArray[np.void]
    info: SampleInfo
    topic: str
    is_zero_copy: bool
    _guards: tuple[tuple[NDArray[np.uint64], int], ...] = ()  # words in the slot, and what they hold while it is ours

    def is_valid(self) -> bool:
        """Return whether everything read from `data` so far belongs to this message."""
        full_fence()
        return all(int(word) == expected for word, expected in self._guards)

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
