"""Releasing the locks in shared memory that killed processes held.

Fast DDS wakes a reader through a mutex in the reader's file fast_datasharing_<GUID>. A process that is killed between
locking and unlocking it leaves it locked: from then on the reader sleeps, and each publish of anybody to that reader
waits 1 s for the lock (boost::interprocess::interprocess_mutex in DataSharingNotification.hpp; it is not robust).
What the mutex guards is one atomic flag, so it may be released at any time once its owner is known to be dead. An owner
in another container cannot be seen from here and looks dead, but it holds the lock for microseconds: a second look
finds it gone.

    pthread_mutex_t of glibc on 64-bit processors
    int lock, unsigned count, int owner (thread id), unsigned users, int kind (bit 7: shared between processes)
"""

from __future__ import annotations

import logging
import mmap
import os
import re
import struct
import time
from pathlib import Path

__all__ = ["release_abandoned_locks"]

_SECOND_LOOK_SECS = 0.02
_logger = logging.getLogger(__name__)
_MUTEX = struct.Struct("=iIiIi")
_SHARED, _SHARED_RECURSIVE = 128, 129
_READERS_FILE = re.compile(r"(/\S*fast_datasharing_[0-9a-f.]+_[0-9a-f]+\.[0-9a-f]+\.[0-9a-f]+\.[47])\n")


def release_abandoned_locks() -> int:
    """Release the locks of the readers that this process is connected to, or is, where their owners are dead.

    Returns:
        How many were released.
    """
    maps = Path("/proc/self/maps").read_text()
    released = sum(_release_in(Path(path)) for path in set(_READERS_FILE.findall(maps)))
    if released:
        _logger.warning("%d lock(s) of killed processes in shared memory were released", released)
    return released


def _release_in(path: Path) -> int:
    try:
        with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapping:
            offsets = {
                offset: owner
                for offset in range(0, len(mapping) - _MUTEX.size, 8)
                if (owner := _owner(mapping, offset))
            }
            if offsets:
                time.sleep(_SECOND_LOOK_SECS)
            abandoned = [offset for offset, owner in offsets.items() if _owner(mapping, offset) == owner]
            for offset in abandoned:
                kind = _MUTEX.unpack_from(mapping, offset)[-1]
                # Who waits for it tries again after 1 s at the latest.
                _MUTEX.pack_into(mapping, offset, 0, 0, 0, 0, kind)
    except (OSError, ValueError):
        return 0  # its reader has just gone, or belongs to another user
    return len(abandoned)


def _owner(mapping: mmap.mmap, offset: int) -> int | None:
    """Return the thread that holds a mutex and does not exist; None if there is no such mutex."""
    lock, count, owner, users, kind = _MUTEX.unpack_from(mapping, offset)
    looks_locked = lock in (1, 2) and owner > 0 and count <= 1 and users <= 2 and kind in (_SHARED, _SHARED_RECURSIVE)
    return owner if looks_locked and not os.path.exists(f"/proc/{owner}") else None
