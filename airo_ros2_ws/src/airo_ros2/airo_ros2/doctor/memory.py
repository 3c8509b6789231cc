"""Checks of shared memory: is it there, is there room, and what lies in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from airo_ros2.clean import bytes_text, total_bytes
from airo_ros2.doctor.check import Check, ok, problem, warning
from rclpy_loans.orphans import Leftovers, find_leftovers
from rclpy_loans.shared_memory import SHARED_MEMORY, segment_bytes

__all__ = ["memory_checks"]

_SIZES_WH = ((640, 480), (1920, 1080), (3840, 2160))
_DEPTH = 4  # of a camera by default
_ENLARGE = "enlarge it: mount -o remount,size=1G {}; for a container: --shm-size=1g, or --ipc=host"


def memory_checks(folder: Path = SHARED_MEMORY) -> Iterator[Check]:
    """Yield the checks of shared memory.

    Args:
        folder: the file system that Fast DDS uses.
    """
    mount = _mount(folder)
    yield mount
    if mount.verdict == "problem":
        return
    status = os.statvfs(folder)
    yield _room(folder, free=status.f_bavail * status.f_frsize, total=status.f_blocks * status.f_frsize)
    found = find_leftovers(folder=folder)
    yield ok("segments in use", _amount(found.in_use) if found.in_use else "none")
    yield _leftovers(found)
    yield _other_users(found)


def _mount(folder: Path) -> Check:
    name = "shared memory"
    if not folder.is_dir():
        return problem(
            name, f"{folder} does not exist", f"mount it: mount -t tmpfs -o size=1G,mode=1777 tmpfs {folder}"
        )
    status = folder.stat()
    found = f"{folder}, owner {status.st_uid}, mode {status.st_mode & 0o7777:04o}"
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return problem(name, f"{found}: this user cannot write there", f"chmod 1777 {folder}, as root")
    return ok(name, found)


def _room(folder: Path, *, free: int, total: int) -> Check:
    """Return how many cameras fit."""
    name = "room"
    needed = [segment_bytes(width * height * 3, _DEPTH) for width, height in _SIZES_WH]
    fits = ", ".join(f"{free // size} of {w}x{h}" for size, (w, h) in zip(needed, _SIZES_WH, strict=True))
    found = f"{bytes_text(free)} of {bytes_text(total)} are free, for cameras: {fits}"
    if free < needed[0]:
        return problem(name, found, f"`airo-ros2 clean`, or {_ENLARGE.format(folder)}")
    if free < needed[-1]:
        return warning(name, found, _ENLARGE.format(folder))
    return ok(name, found)


def _leftovers(found: Leftovers) -> Check:
    name = "leftovers"
    if found.orphans:
        return warning(name, f"{_amount(found.orphans)} of processes that have ended", "airo-ros2 clean")
    if found.doubtful:
        remedy = "run `airo-ros2 clean` where all processes that share this memory are visible"
        return warning(name, f"{_amount(found.doubtful)} whose owners are not visible from this container", remedy)
    return ok(name, "none")


def _other_users(found: Leftovers) -> Check:
    name = "other users"
    if not found.foreign:
        return ok(name, "none")
    users = sorted({path.stat().st_uid for path in found.foreign if path.exists()})
    text = f"{_amount(found.foreign)} of user {', '.join(map(str, users))}: frames are not shared with them"
    return warning(name, text, f"run all processes that exchange frames as one user; you are {os.geteuid()}")


def _amount(paths: tuple[Path, ...]) -> str:
    return f"{bytes_text(total_bytes(paths))} in {len(paths)} {'file' if len(paths) == 1 else 'files'}"
