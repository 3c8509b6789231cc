"""Removing what killed processes left in shared memory.

Fast DDS removes its files when a process ends; after SIGKILL they stay, at full size:
    fast_datasharing_<GUID>          messages of one publisher; bytes 4 and 5 of the GUID are bits of its process id
    fastrtps_<name>, fastdds_<name>  transport segments and ports; the owner holds a lock file <name>_el or <name>_sl
    sem.<port>_mutex                 of a port
"""

from __future__ import annotations

import fcntl
import re
import time
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

__all__ = ["Orphans", "mapped_files", "remove_orphans"]

SHARED_MEMORY = Path("/dev/shm")
_DATA_SHARING = re.compile(r"^fast_datasharing_((?:[0-9a-f]{1,2}\.){11}[0-9a-f]{1,2})_")
_TRANSPORT = re.compile(r"^((?:fastrtps|fastdds)_(?:port\d+|[0-9a-f]{16}))(_el|_sl)?$")
_SECOND_LOOK_SECS = 0.05  # a file that was just made is mapped by then


class Orphans(NamedTuple):
    """What was removed."""

    paths: tuple[Path, ...]
    bytes_freed: int


def remove_orphans(process_ids: Collection[int], *, folder: Path = SHARED_MEMORY) -> Orphans:
    """Remove the Fast DDS files of processes that have ended.

    Never removes a file whose owner lives. Readers of a removed file keep what they have mapped. Files of other users
    that we may not open stay.

    Args:
        process_ids: of processes that are known to have ended.
        folder: where the segments are.
    """
    ended = {process_id & 0xFFFF for process_id in process_ids}
    living = {int(path.name) & 0xFFFF for path in Path("/proc").glob("[0-9]*")}
    certain: list[Path] = []
    unused: list[Path] = []
    for path in _files(folder):
        bits = _process_bits(path.name)
        if bits in ended:
            (unused if bits in living else certain).append(path)
        elif _is_transport(path) and not any(map(_is_locked, _locks(path))):
            (certain if _locks(path) else unused).append(path)
    for _ in range(2 if unused else 0):
        in_use = mapped_files()
        unused = [path for path in unused if str(path) not in in_use]
        time.sleep(_SECOND_LOOK_SECS)
    return _unlink([file for path in certain + unused for file in (path, *_companions(path))])


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _process_bits(name: str) -> int | None:
    """Return the low 16 bits of the process id in the name of a data-sharing segment."""
    match = _DATA_SHARING.match(name)
    if match is None:
        return None
    octets = [int(octet, 16) for octet in match[1].split(".")]
    return octets[4] | octets[5] << 8


def _is_transport(path: Path) -> bool:
    """Return whether a file is a transport segment or a port."""
    match = _TRANSPORT.match(path.name)
    return match is not None and match[2] is None


def _locks(path: Path) -> list[Path]:
    return [lock for lock in (path.with_name(path.name + "_el"), path.with_name(path.name + "_sl")) if lock.exists()]


def _companions(path: Path) -> list[Path]:
    """Return the locks and the mutex that belong to a transport file."""
    return [*_locks(path), path.with_name(f"sem.{path.name}_mutex")]


def mapped_files() -> set[str]:
    """Return the files that any process maps, as far as we may look."""
    mapped: set[str] = set()
    for maps in Path("/proc").glob("[0-9]*/maps"):
        try:
            lines = maps.read_text().splitlines()
        except (PermissionError, FileNotFoundError, ProcessLookupError):
            continue  # ended meanwhile, or of another user, whose segments we could not remove either
        mapped.update(line.split(maxsplit=5)[-1] for line in lines if "/" in line)
    return mapped


def _is_locked(lock: Path) -> bool:
    """Return whether the owner of a transport segment is alive; it holds a lock as long as it lives."""
    try:
        with lock.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True  # its owner is just removing it
    except (BlockingIOError, PermissionError):
        return True
    return False


def _unlink(paths: list[Path]) -> Orphans:
    removed, freed = [], 0
    for path in paths:
        try:
            size = path.stat().st_size
            path.unlink()
        except (FileNotFoundError, PermissionError):
            continue  # somebody else was faster, or it is not ours
        removed.append(path)
        freed += size
    return Orphans(tuple(removed), freed)
