"""Our own mappings of the shared-memory segments that the middleware uses, so that views cannot dangle.

The middleware unmaps a segment when its writer goes away; an address inside it is then a segmentation fault.
A mapping of our own stays until the last numpy view of it is gone, whatever happens to the writer.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass, field

__all__ = ["Location", "Segment", "SegmentGoneError", "SegmentMap"]


class SegmentGoneError(Exception):
    """The file behind an address was removed: its publisher has just gone, and the address is about to go."""


@dataclass(frozen=True)
class Location:
    """A place in a segment: the byte `offset` of our own mapping of it."""

    segment: Segment
    offset: int


@dataclass(frozen=True, eq=False)
class Segment:
    """A shared-memory file that the middleware has mapped, and our own mapping of it.

    Attributes:
        path: the file, for example /dev/shm/fast_datasharing_...
        start: address of the middleware's mapping.
        end: first address after it.
        file_offset: where in the file the middleware's mapping starts.
        mapping: the whole file, mapped by us; numpy views keep it alive.
    """

    path: str
    start: int
    end: int
    file_offset: int
    mapping: mmap.mmap = field(repr=False)

    def locate(self, address: int, size: int) -> Location | None:
        """Return where an address of the middleware lies in our mapping; None if not all of it does."""
        offset = address - self.start + self.file_offset
        inside = self.start <= address and address + size <= self.end and offset + size <= len(self.mapping)
        return Location(self, offset) if inside else None


class SegmentMap:
    """Finds the segment behind an address and maps it on first sight. One per endpoint; not thread-safe."""

    def __init__(self, *, writable: bool) -> None:
        self._writable = writable
        self._segments: dict[bytes, Segment] = {}  # by the GID of the publisher that made them

    def locate(self, address: int, size: int, *, owner: bytes) -> Location | None:
        """Return where a message lies in our own mapping of its segment; None if it is not in shared memory.

        Args:
            address: of the message in this process, valid now.
            size: bytes of the message.
            owner: GID of the publisher; a publisher has one segment.

        Raises:
            SegmentGoneError: the segment's file was removed before we could map it.
        """
        known = self._segments.get(owner)
        location = known.locate(address, size) if known is not None else None
        return location or self.locate_anew(address, size, owner=owner)

    def locate_anew(self, address: int, size: int, *, owner: bytes) -> Location | None:
        """Do the same without trusting what was found before."""
        self._segments.pop(owner, None)
        segment = _map_segment(address, writable=self._writable)
        if segment is None:
            return None
        self._segments[owner] = segment
        return segment.locate(address, size)

    def forget_all_but(self, owners: set[bytes]) -> None:
        """Drop our mappings of publishers that are gone; views that still exist keep theirs."""
        for owner in self._segments.keys() - owners:
            del self._segments[owner]

    def __len__(self) -> int:
        return len(self._segments)


def _map_segment(address: int, *, writable: bool) -> Segment | None:
    """Map the file behind an address of this process; None if there is no file.

    Raises:
        SegmentGoneError: the file was removed, or replaced by one of the same name.
    """
    found = _find_mapping(address)
    if found is None:
        return None
    start, end, file_offset, inode, path = found
    try:
        descriptor = os.open(path, os.O_RDWR if writable else os.O_RDONLY)
    except FileNotFoundError:
        raise SegmentGoneError(path) from None
    try:
        status = os.fstat(descriptor)
        if status.st_ino != inode:
            raise SegmentGoneError(path)
        protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        mapping = mmap.mmap(descriptor, status.st_size, flags=mmap.MAP_SHARED, prot=protection)
    finally:
        os.close(descriptor)
    return Segment(path, start, end, file_offset, mapping)


def _find_mapping(address: int) -> tuple[int, int, int, int, str] | None:
    """Return (start, end, file offset, inode, path) of the file mapped at an address, from /proc/self/maps."""
    with open("/proc/self/maps") as maps:
        for line in maps:
            fields = line.rstrip("\n").split(maxsplit=5)
            start, end = (int(bound, 16) for bound in fields[0].split("-"))
            if start <= address < end:
                if len(fields) < 6 or not fields[5].startswith("/"):
                    return None
                return start, end, int(fields[2], 16), int(fields[4]), fields[5]
    return None
