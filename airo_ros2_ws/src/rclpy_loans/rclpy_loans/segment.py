"""Our own mappings of the shared-memory segments that the middleware uses, so that views cannot dangle.

The middleware unmaps a segment when its writer goes away; an address inside it is then a segmentation fault.
A mapping of our own stays until the last numpy view of it is gone, whatever happens to the writer.
"""

from __future__ import annotations

import mmap
import os
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Segment", "SegmentUnavailableError", "map_segment"]


class SegmentUnavailableError(Exception):
    """The file behind an address cannot be mapped any more: its publisher has just gone, or belongs to another user.

    The middleware may have opened another user's file in the moment between its creation and its becoming private.
    """


@dataclass(frozen=True, eq=False)
class Segment:
    """A shared-memory file that the middleware has mapped, and our own mapping of it.

    Attributes:
        path: the file, for example /dev/shm/fast_datasharing_...
        inode: of the file; a publisher that is started again makes another file of another name.
        start: address of the middleware's mapping.
        end: first address after it.
        file_offset: where in the file the middleware's mapping starts.
        mapping: the whole file, mapped by us; numpy views keep it alive.
    """

    path: Path
    inode: int
    start: int
    end: int
    file_offset: int
    mapping: mmap.mmap = field(repr=False)

    def offset_of(self, address: int, size: int) -> int | None:
        """Return where in our mapping an address of the middleware lies; None if not all of `size` bytes do."""
        offset = address - self.start + self.file_offset
        is_inside = self.start <= address and address + size <= self.end and offset + size <= len(self.mapping)
        return offset if is_inside else None

    def is_removed(self) -> bool:
        """Return whether the file is gone, so that nobody writes to it any more."""
        try:
            return self.path.stat().st_ino != self.inode
        except FileNotFoundError:
            return True


def map_segment(address: int, *, writable: bool) -> Segment | None:
    """Map the file behind an address of this process; None if there is no file.

    Raises:
        SegmentUnavailableError: the file was removed, replaced by one of the same name, or belongs to another user.
    """
    found = _find_mapping(address)
    if found is None:
        return None
    start, end, file_offset, inode, path = found
    try:
        descriptor = os.open(path, os.O_RDWR if writable else os.O_RDONLY)
    except (FileNotFoundError, PermissionError):
        raise SegmentUnavailableError(path) from None
    try:
        status = os.fstat(descriptor)
        if status.st_ino != inode:
            raise SegmentUnavailableError(path)
        protection = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        mapping = mmap.mmap(descriptor, status.st_size, flags=mmap.MAP_SHARED, prot=protection)
    finally:
        os.close(descriptor)
    return Segment(Path(path), inode, start, end, file_offset, mapping)


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
