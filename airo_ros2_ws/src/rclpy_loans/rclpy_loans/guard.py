"""What tells a reader that a slot of shared memory still holds the message it took.

Two kinds of 64-bit words hold a number while a message is whole and lose it before the writer fills the slot again:

* Fast DDS keeps a header before every message, with the message's number beside the GID of its publisher
  (PayloadNodeMetaData in DataSharingPayloadPool.hpp). Lending the slot out resets the number, publishing sets it last.
  Where they lie depends on the version, so they are searched by their values, which proves the place as well.
* A message whose first field is `uint64 sequence` and whose last is `uint64 sequence_tail` carries a seqlock of its
  own, which LoanPublisher writes.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rclpy_loans.sample import SampleInfo
from rclpy_loans.segment import Location

__all__ = ["Guard", "SlotHeader", "has_sequence", "sequence_guards"]

Guard = tuple[NDArray[np.uint64], int]

HEADER_BYTES = 512  # searched before a message; the header of Fast DDS 2.14 and 3.2 has about 250


def has_sequence(dtype: np.dtype[np.void]) -> bool:
    """Return whether a message carries a seqlock: `uint64 sequence` first and `uint64 sequence_tail` last."""
    names = dtype.names or ()
    return (
        len(names) > 1
        and (names[0], names[-1]) == ("sequence", "sequence_tail")
        and dtype["sequence"] == dtype["sequence_tail"] == np.uint64
    )


def sequence_guards(data: NDArray[np.void]) -> tuple[Guard, ...]:
    """Return the guards of a message that carries a seqlock."""
    sequence = int(data["sequence"])
    # An untouched message holds 0, which is what a slot being filled holds: never equal to this impossible number.
    expected = sequence or -1
    return (data["sequence"], expected), (data["sequence_tail"], expected)


class SlotHeader:
    """The number that Fast DDS keeps before each message of one subscription."""

    def __init__(self) -> None:
        self._distance: int | None = None  # bytes from the number to the message, the same for all slots

    @property
    def is_known(self) -> bool:
        """Whether the place of the number was found."""
        return self._distance is not None

    def guard(self, location: Location, info: SampleInfo) -> Guard | None:
        """Return the guard of a message that lies at `location`; None if its number is not found there.

        It is not found when the slot was reused already, when the location is wrong, or when the layout is unknown.
        """
        number = _words(info.publication_number)
        mapping: Any = location.segment.mapping
        if self._distance is None:
            start = max(0, location.offset - HEADER_BYTES)
            found = mapping[start : location.offset].rfind(number + info.publisher_gid)
            if found < 0:
                return None
            self._distance = location.offset - start - found
        place = location.offset - self._distance
        if mapping[place : place + 24] != number + info.publisher_gid:
            return None
        word: NDArray[np.uint64] = np.ndarray((), np.uint64, buffer=mapping, offset=place)
        return word, int.from_bytes(number, "little")


def _words(number: int) -> bytes:
    """Return a SequenceNumber_t as Fast DDS stores it: int32 high, uint32 low, native byte order."""
    return struct.pack("=iI", number >> 32, number & 0xFFFFFFFF)
