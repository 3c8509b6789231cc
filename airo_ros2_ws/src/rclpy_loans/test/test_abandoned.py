"""Tests of rclpy_loans.abandoned on look-alikes of Fast DDS's files."""

from __future__ import annotations

import struct
import threading
from pathlib import Path

import pytest

from rclpy_loans import abandoned

MUTEX = struct.Struct("=iIiIi")
DEAD = 2**22 + 1  # above the largest thread id that Linux gives
NAME = "fast_datasharing_01.0f.78.fd.01.02.03.04.00.00.00.00_0.0.13.4"


def release_in(path: Path, *mutexes: tuple[int, int, int, int, int]) -> tuple[int, list[tuple[int, ...]]]:
    """Write mutexes to a file, release what is abandoned, and return how many were and what they are then."""
    content = bytearray(4096)
    for index, mutex in enumerate(mutexes):
        MUTEX.pack_into(content, 64 * (index + 1), *mutex)
    path.write_bytes(content)
    count = abandoned._release_in(path)
    content = bytearray(path.read_bytes())
    return count, [MUTEX.unpack_from(content, 64 * (index + 1)) for index in range(len(mutexes))]


def test_the_lock_of_a_dead_thread_is_released(tmp_path: Path) -> None:
    """A shared mutex that a thread holds which does not exist is free afterwards; its kind stays."""
    assert release_in(tmp_path / NAME, (2, 0, DEAD, 1, 128)) == (1, [(0, 0, 0, 0, 128)])


@pytest.mark.parametrize(
    "mutex",
    [
        (0, 0, 0, 0, 128),  # free
        (1, 0, threading.get_native_id(), 1, 128),  # held by a living thread
        (1, 0, DEAD, 1, 0),  # not shared between processes: no mutex of Fast DDS
        (7, 0, DEAD, 1, 128),  # no mutex at all
    ],
)
def test_everything_else_is_left_alone(tmp_path: Path, mutex: tuple[int, int, int, int, int]) -> None:
    """Free and living locks, and bytes that only look like one, are not touched."""
    assert release_in(tmp_path / NAME, mutex) == (0, [mutex])


def test_a_lock_that_moves_on_between_two_looks_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An owner that cannot be seen from here, in another container, has let go by the second look."""
    path = tmp_path / NAME

    def pass_on(seconds: float) -> None:
        with path.open("r+b") as file:
            file.seek(64)
            file.write(MUTEX.pack(1, 0, DEAD + 1, 1, 128))

    monkeypatch.setattr(abandoned.time, "sleep", pass_on)
    assert release_in(path, (1, 0, DEAD, 1, 128)) == (0, [(1, 0, DEAD + 1, 1, 128)])


def test_a_file_that_has_gone_holds_no_lock(tmp_path: Path) -> None:
    """A reader may end at any time."""
    assert abandoned._release_in(tmp_path / NAME) == 0
