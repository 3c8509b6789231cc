"""Removing what killed processes left in shared memory.

Fast DDS removes its files when a process ends; after SIGKILL they stay, at full size:
    fast_datasharing_<GUID>          messages of one publisher, or what tells one subscription of them
    fastrtps_<name>, fastdds_<name>  transport segments and ports; the owner holds a lock file <name>_el or <name>_sl
    sem.<port>_mutex                 of a port

Which of them are left over is asked of the kernel, which knows the processes of other containers that share /dev/shm
as well:
    transport        in use as long as somebody holds its lock
    everything else  in use as long as somebody has it open for writing, or mapped after opening it so, which its owner
                     does and its readers do not: a read lease (F_SETLEASE) is refused then
Where there are no leases, a file is in use as long as a process maps it. A container does not see the processes
outside, so there such a file that nobody seems to map is doubtful, and stays.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import time
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from rclpy_loans.shared_memory import SHARED_MEMORY

__all__ = ["Leftovers", "Orphans", "find_leftovers", "mapped_files", "remove_orphans"]

_DATA_SHARING = re.compile(r"^fast_datasharing_(?:[0-9a-f]{1,2}\.){11}[0-9a-f]{1,2}_")
_TRANSPORT = re.compile(r"^((?:fastrtps|fastdds)_(?:port\d+|[0-9a-f]{16}))(_el|_sl)?$")
_COMPANION = re.compile(r"^(?:sem\.)?((?:fastrtps|fastdds)_(?:port\d+|[0-9a-f]{16}))(?:_el|_sl|_mutex)$")
_SECOND_LOOK_SECS = 0.05  # a file that was just made is mapped by then
_COMPANION_SECS = 10.0  # a lock or mutex that is older, and alone, is not of something that is just being made
_INITIAL_PID_NAMESPACE = 0xEFFFFFFC  # PROC_PID_INIT_INO of the kernel


class Orphans(NamedTuple):
    """What was removed."""

    paths: tuple[Path, ...]
    bytes_freed: int


class Leftovers(NamedTuple):
    """What the Fast DDS files in shared memory are. Locks and mutexes go with what they belong to.

    Attributes:
        orphans: ours, and nobody uses them any more.
        in_use: ours, and their owners live.
        doubtful: ours, but whether they are in use cannot be seen from inside this container.
        foreign: of other users.
    """

    orphans: tuple[Path, ...]
    in_use: tuple[Path, ...]
    doubtful: tuple[Path, ...]
    foreign: tuple[Path, ...]


class _State(Enum):
    ORPHAN = "orphans"
    IN_USE = "in_use"
    DOUBTFUL = "doubtful"
    FOREIGN = "foreign"


def find_leftovers(*, folder: Path = SHARED_MEMORY) -> Leftovers:
    """Look at all Fast DDS files in shared memory, twice if there are orphans, and tell what they are."""
    states = _states(folder)
    if _State.ORPHAN in states.values():
        time.sleep(_SECOND_LOOK_SECS)
        again = _states(folder)
        states = {
            path: again[path] if state is _State.ORPHAN else state for path, state in states.items() if path in again
        }
    found: dict[str, list[Path]] = {state.value: [] for state in _State}
    for path, state in sorted(states.items()):
        found[state.value].append(path)
    return Leftovers(**{name: tuple(paths) for name, paths in found.items()})


def remove_orphans(*, dry_run: bool = False, folder: Path = SHARED_MEMORY) -> Orphans:
    """Remove the Fast DDS files of this user that nobody uses any more, whoever left them; never one in use.

    Args:
        dry_run: only tell what would be removed.
        folder: where the segments are.
    """
    removed: list[Path] = []
    bytes_freed = 0
    for path in find_leftovers(folder=folder).orphans:
        if _state(path) is _State.ORPHAN:  # still: the name of a port may have been taken anew
            gone = _unlink([path, *_companions(path)], dry_run=dry_run)
            removed += gone.paths
            bytes_freed += gone.bytes_freed
    return Orphans(tuple(removed), bytes_freed)


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _is_transport(path: Path) -> bool:
    """Return whether a file is a transport segment or a port."""
    match = _TRANSPORT.match(path.name)
    return match is not None and match[2] is None


def _locks(path: Path) -> list[Path]:
    return [lock for lock in (path.with_name(path.name + "_el"), path.with_name(path.name + "_sl")) if lock.exists()]


def _companions(path: Path) -> list[Path]:
    """Return the locks and the mutex that belong to a transport file."""
    return [*_locks(path), path.with_name(f"sem.{path.name}_mutex")]


def _states(folder: Path) -> dict[Path, _State]:
    states = {path: _state(path) for path in _files(folder)}
    return {path: state for path, state in states.items() if state is not None}


def _state(path: Path) -> _State | None:
    """Return what a file is; None if it is not of Fast DDS, belongs to another file, or has just gone."""
    companion = _COMPANION.match(path.name)
    if companion is None and not _is_transport(path) and not _DATA_SHARING.match(path.name):
        return None
    if companion is not None and path.with_name(companion[1]).exists():
        return None
    try:
        status = path.stat()
        if status.st_uid != os.geteuid():
            return _State.FOREIGN
        if companion is not None and time.time() - status.st_mtime < _COMPANION_SECS:
            return _State.IN_USE
        locks = [path] if path.name.endswith(("_el", "_sl")) else _locks(path)
        if locks:
            return _State.IN_USE if any(map(_is_locked, locks)) else _State.ORPHAN
        is_written = _is_open_for_writing(path)
    except FileNotFoundError:
        return None
    return _state_by_mappings(path) if is_written is None else _State.IN_USE if is_written else _State.ORPHAN


def _state_by_mappings(path: Path) -> _State:
    status = path.stat()
    device = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}"
    if any((device, status.st_ino) == place or str(path) == name for place, name in _mappings()):
        return _State.IN_USE
    sees_all_processes = os.stat("/proc/self/ns/pid").st_ino == _INITIAL_PID_NAMESPACE
    return _State.ORPHAN if sees_all_processes else _State.DOUBTFUL


def _is_open_for_writing(path: Path) -> bool | None:
    """Return whether any process, visible or not, has a file open or mapped for writing; None if it cannot be told."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        # Somebody who opens the file while we hold the lease is told to wait until we let go, and we get a signal:
        # by default one that would end us.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return True if error.errno in (errno.EAGAIN, errno.EBUSY) else None
    finally:
        os.close(descriptor)
    return False


def mapped_files() -> set[str]:
    """Return the files that any process maps, as far as we may look."""
    return {name for _, name in _mappings()}


def _mappings() -> Iterator[tuple[tuple[str, int], str]]:
    """Yield ((device, inode), path) of the files that any process maps, as far as we may look."""
    for maps in Path("/proc").glob("[0-9]*/maps"):
        try:
            lines = maps.read_text().splitlines()
        except (PermissionError, FileNotFoundError, ProcessLookupError):
            continue  # ended meanwhile, or of another user, whose segments we could not remove either
        for line in lines:
            fields = line.split(maxsplit=5)
            if "/" in line:
                yield (fields[3], int(fields[4])), fields[5]


def _is_locked(lock: Path) -> bool:
    """Return whether the owner of a transport segment is alive; it holds a lock as long as it lives."""
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True  # its owner is just removing it
    except (BlockingIOError, PermissionError):
        return True
    return False


def _unlink(paths: list[Path], *, dry_run: bool = False) -> Orphans:
    removed, freed = [], 0
    for path in paths:
        try:
            size = path.stat().st_size
            if not dry_run:
                path.unlink()
        except (FileNotFoundError, PermissionError):
            continue  # somebody else was faster, or it is not ours
        removed.append(path)
        freed += size
    return Orphans(tuple(removed), freed)
