"""Tests of rclpy_loans.orphans with real leftovers and with look-alikes."""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rclpy_loans.orphans import remove_orphans

WRITER = Path(__file__).with_name("writer.py")
SHARED_MEMORY = Path("/dev/shm")


def test_a_killed_writers_segment_is_removed(start: Callable[..., Any]) -> None:
    """A living writer's segment is left alone; after SIGKILL it stays behind, and is removed."""
    writer = start(WRITER, "airo_camera_msgs/Image640x480", "4")
    writer.expect("ready")
    writer.say("publish 1")
    writer.expect("published")
    writer.say("segments")
    (segment,) = (Path(path) for path in writer.expect("segments (.*)")[1].split() if path.endswith(".3"))
    remove_orphans()
    assert segment.exists()
    writer.kill_group()
    assert segment.exists()
    freed = remove_orphans()
    assert segment in freed.paths and not segment.exists()
    assert freed.bytes_freed > 5 * 640 * 480 * 3


@pytest.mark.parametrize(
    "name",
    ["fast_datasharing_notes.txt", "fastrtps_notes", "sem.other_mutex", "lttng-ust-wait-6"],
)
def test_what_is_not_an_orphan_stays(tmp_path: Path, name: str) -> None:
    """Files of others are left alone."""
    (tmp_path / name).write_bytes(b"x" * 100)
    assert remove_orphans(folder=tmp_path).paths == ()
    assert (tmp_path / name).exists()


def test_transport_files_without_an_owner_are_removed_with_their_locks(tmp_path: Path) -> None:
    """A transport segment or port whose lock nobody holds goes, together with its lock and mutex."""
    names = ["fastrtps_0123456789abcdef", "fastrtps_0123456789abcdef_el"]
    names += ["fastdds_port7411", "fastdds_port7411_sl", "sem.fastdds_port7411_mutex", "fastrtps_port7413"]
    for name in names:
        (tmp_path / name).write_bytes(b"xy")
    removed = remove_orphans(folder=tmp_path)
    assert {path.name for path in removed.paths} == set(names)
    assert removed.bytes_freed == 2 * len(names)
    assert list(tmp_path.iterdir()) == []


def test_a_locked_transport_segment_stays(tmp_path: Path) -> None:
    """While its owner holds the lock, a transport segment is not touched."""
    segment, lock = tmp_path / "fastrtps_0123456789abcdef", tmp_path / "fastrtps_0123456789abcdef_el"
    segment.write_bytes(b"x")
    with lock.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert remove_orphans(folder=tmp_path).paths == ()
    assert segment.exists() and lock.exists()


def test_a_missing_folder_is_nothing_to_remove(tmp_path: Path) -> None:
    """Without shared memory there are no orphans."""
    assert remove_orphans(folder=tmp_path / "missing").paths == ()
