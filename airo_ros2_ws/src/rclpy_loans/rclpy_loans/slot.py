"""The slots of shared memory that messages lie in, and what tells that a slot still holds a message.

Two kinds of 64-bit words hold a number while a message is whole and lose it before the writer fills the slot again:

* Fast DDS keeps a header before every message, with the message's number beside the GID of its publisher
  (PayloadNodeMetaData in DataSharingPayloadPool.hpp). Lending the slot out resets the number, publishing sets it last.
  Where they lie depends on the version, so they are searched by their values, which proves the place as well.
* A message whose first field is `uint64 sequence` and whose last is `uint64 sequence_tail` carries a seqlock of its
  own, which LoanPublisher writes.

A word may lie across two cache lines and is then read in halves; one half alone never makes an expected number out of
another, because a slot that is being filled holds none.
"""

from __future__ import annotations

import mmap
import struct

import numpy as np
from numpy.typing import NDArray

from rclpy_loans.segment import Segment, map_segment

__all__ = ["Slot", "SlotMap", "has_sequence", "number_bytes"]

HEADER_BYTES = 512  # searched before a message; the header of Fast DDS 2.14 and 3.2 has about 250
WORD = 8
GID_BYTES = 16
NO_SEQUENCE = bytes(WORD)  # of a message that is being filled
NO_NUMBER_AND_GID = struct.pack("=iI", -1, 0) + bytes(GID_BYTES)  # in the header of a message that is being filled
_NUMBER = struct.Struct("=iI")
_SEQUENCE = struct.Struct("=Q")


def has_sequence(dtype: np.dtype[np.void]) -> bool:
    """Return whether a message carries a seqlock: `uint64 sequence` first and `uint64 sequence_tail` last."""
    names = dtype.names or ()
    return (
        len(names) > 1
        and (names[0], names[-1]) == ("sequence", "sequence_tail")
        and dtype["sequence"] == dtype["sequence_tail"] == np.uint64
    )


def number_bytes(number: int) -> bytes:
    """Return a message's number as Fast DDS stores it: int32 high, uint32 low, native byte order."""
    return _NUMBER.pack(number >> 32, number & 0xFFFFFFFF)


class Slot:
    """A slot in our own mapping. Messages come and go in it; the record is made once.

    Attributes:
        mapping: of the segment.
        offset: of the message in the mapping.
        record: () structured array of the message, which keeps the mapping alive.
        header: where in the mapping the message's number lies; None until it was found.
    """

    __slots__ = ("_tail", "header", "mapping", "offset", "record")

    def __init__(self, mapping: mmap.mmap, offset: int, dtype: np.dtype[np.void]) -> None:
        self.mapping = mapping
        self.offset = offset
        self.record: NDArray[np.void] = np.ndarray((), dtype, buffer=mapping, offset=offset)
        self.header: int | None = None
        self._tail = offset + dtype.itemsize - WORD

    def find_header(self, number_and_gid: bytes) -> bool:
        """Look for the number of the message that is in the slot, followed by its publisher's GID."""
        start = max(0, self.offset - HEADER_BYTES)
        found = self.mapping[start : self.offset].rfind(number_and_gid)
        self.header = start + found if found >= 0 else None
        return found >= 0

    def shows_reuse(self, gid: bytes) -> bool:
        """Return whether what lies before the message is the header of a later one, or of one that is being filled.

        If not, and the header of the message that was taken is not there either, its layout is not known.
        """
        before = self.mapping[max(0, self.offset - HEADER_BYTES) : self.offset]
        return gid in before or NO_NUMBER_AND_GID in before

    def holds(self, number: bytes) -> bool:
        """Return whether the header says that a message is in the slot: its number, or number and publisher's GID."""
        header = self.header
        return header is not None and self.mapping[header : header + len(number)] == number

    def owner(self) -> bytes | None:
        """Return the GID of the publisher whose message is in the slot; None if the header was not found."""
        header = self.header
        return None if header is None else self.mapping[header + WORD : header + WORD + GID_BYTES]

    def sequence(self) -> bytes | None:
        """Return the sequence of a message that carries a seqlock; None while it is being filled."""
        head = self.mapping[self.offset : self.offset + WORD]
        return head if head != NO_SEQUENCE and head == self.mapping[self._tail : self._tail + WORD] else None

    def write_sequence(self, sequence: int) -> None:
        """Write head and tail of a message that carries a seqlock."""
        _SEQUENCE.pack_into(self.mapping, self.offset, sequence)
        _SEQUENCE.pack_into(self.mapping, self._tail, sequence)


class SlotMap:
    """Finds the slot behind an address of the middleware. One per publisher or subscription; not thread-safe."""

    def __init__(self, dtype: np.dtype[np.void], *, writable: bool) -> None:
        self._dtype = dtype
        self._writable = writable
        self._slots: dict[int, Slot] = {}  # by address of the message in the middleware's mapping
        self._segments: dict[bytes, Segment] = {}  # by the GID of their publisher, which has one

    def get(self, address: int) -> Slot | None:
        """Return the slot that was found at an address before. What is mapped there may have changed since."""
        return self._slots.get(address)

    def find(self, address: int, *, owner: bytes) -> Slot | None:
        """Return the slot at an address that is valid now; None if it is not in shared memory.

        Args:
            address: of the message in this process.
            owner: GID of the publisher.

        Raises:
            SegmentUnavailableError: the segment cannot be mapped any more.
        """
        segment = self._segments.get(owner)
        offset = None if segment is None else segment.offset_of(address, self._dtype.itemsize)
        if segment is None or offset is None:
            return self.find_anew(address, owner=owner)
        return self._add(address, segment, offset)

    def find_anew(self, address: int, *, owner: bytes) -> Slot | None:
        """Do the same as find() without trusting what was found before."""
        self._forget_removed()
        self._segments.pop(owner, None)
        self._slots.clear()
        segment = map_segment(address, writable=self._writable)
        if segment is None:
            return None
        self._segments[owner] = segment
        offset = segment.offset_of(address, self._dtype.itemsize)
        return None if offset is None else self._add(address, segment, offset)

    def _add(self, address: int, segment: Segment, offset: int) -> Slot:
        slot = self._slots[address] = Slot(segment.mapping, offset, self._dtype)
        return slot

    def _forget_removed(self) -> None:
        """Let go of the memory of publishers that have ended; views that still exist keep theirs."""
        self._segments = {owner: segment for owner, segment in self._segments.items() if not segment.is_removed()}
