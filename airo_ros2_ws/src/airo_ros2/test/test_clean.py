"""Tests of airo_ros2.clean and of what tells an orphan from a file in use."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airo_ros2.clean import bytes_text, run_clean
from rclpy_loans import orphans
from rclpy_loans.orphans import find_leftovers, remove_orphans

# An owner's process id says nothing about a file that was made in another container: here it is our own.
SEGMENT = (
    f"fast_datasharing_01.0f.78.fd.{os.getpid() & 0xFF:02x}.{os.getpid() >> 8 & 0xFF:02x}.aa.bb.00.00.00.00_0.0.12.3"
)
TRANSPORT = "fastrtps_0123456789abcdef"
HOLD = """
import mmap, sys
with open(sys.argv[1], sys.argv[2]) as file:
    access = mmap.ACCESS_WRITE if "+" in sys.argv[2] else mmap.ACCESS_READ
    mapping = mmap.mmap(file.fileno(), 0, access=access)
print("mapped", flush=True)
sys.stdin.read()
"""
Hold = Callable[[Path, str], Any]


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Give a function that starts a process which maps a file, opened in the mode given, until the test ends."""
    processes = []

    def start_holding(path: Path, mode: str) -> None:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        processes.append(subprocess.Popen([sys.executable, "-c", HOLD, str(path), mode], text=True, **pipes))
        assert processes[-1].stdout.readline() == "mapped\n"

    yield start_holding
    for process in processes:
        process.communicate("")


def make(folder: Path, *names: str, size: int = 1000) -> list[Path]:
    """Make files and return their paths."""
    for name in names:
        (folder / name).write_bytes(b"x" * size)
    return [folder / name for name in names]


def clean(folder: Path, **options: bool) -> list[str]:
    """Run clean and return the lines it wrote."""
    lines: list[str] = []
    given = {"dry_run": False, "as_json": False} | options
    assert run_clean(write=lines.append, folder=folder, **given) == 0
    return lines


def test_what_nobody_uses_is_removed_and_named(tmp_path: Path) -> None:
    """A segment without an owner goes, and the last line says how much that freed."""
    (segment,) = make(tmp_path, SEGMENT, size=4_600_000)
    assert clean(tmp_path) == [str(segment), "freed 4.6 MB: 1 file of processes that have ended"]
    assert list(tmp_path.iterdir()) == []
    assert clean(tmp_path) == ["nothing to remove"]


def test_a_dry_run_removes_nothing(tmp_path: Path) -> None:
    """What would be removed is said, and stays."""
    names = [TRANSPORT, f"{TRANSPORT}_el"]
    make(tmp_path, *names)
    told = json.loads(clean(tmp_path, dry_run=True, as_json=True)[0])
    assert (told["files"], told["bytes"], told["dry_run"]) == (2, 2000, True)
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert json.loads(clean(tmp_path, as_json=True)[0])["paths"] == told["paths"]


def test_a_segment_stays_while_it_is_mapped_for_writing(tmp_path: Path, hold: Hold) -> None:
    """Its owner lives, whatever the process id in its name says."""
    (segment,) = make(tmp_path, SEGMENT)
    hold(segment, "r+b")
    assert clean(tmp_path) == ["nothing to remove", "kept 1.0 kB: 1 file in use"]
    assert segment.exists()


def test_a_segment_with_readers_only_is_an_orphan(tmp_path: Path, hold: Hold) -> None:
    """Readers keep what they have mapped."""
    (segment,) = make(tmp_path, SEGMENT)
    hold(segment, "rb")
    assert find_leftovers(folder=tmp_path).orphans == (segment,)


def test_the_owner_may_live_in_another_container(tmp_path: Path, hold: Hold) -> None:
    """From a process id namespace that shows no other process, a segment in use is still seen to be in use."""
    used, unused = make(tmp_path, SEGMENT, SEGMENT.replace(".aa.", ".cc."))
    hold(used, "r+b")
    enter = ["unshare", "--pid", "--fork", "--mount-proc"]
    if shutil.which("unshare") is None or subprocess.run([*enter, "true"], capture_output=True).returncode != 0:
        pytest.skip("this user may not make a process id namespace")
    program = (
        f"from pathlib import Path; from airo_ros2.clean import run_clean; "
        f"run_clean(dry_run=False, as_json=True, write=print, folder=Path({str(tmp_path)!r}))"
    )
    done = subprocess.run([*enter, sys.executable, "-c", program], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert told["paths"] == [str(unused)] and told["kept"]["in_use"]["files"] == 1
    assert used.exists() and not unused.exists()


@pytest.mark.parametrize(
    ("sees_all", "is_mapped", "group"),
    [
        (True, True, "in_use"),
        (True, False, "orphans"),
        (False, True, "in_use"),
        (False, False, "doubtful"),
    ],
)
def test_without_leases_mappings_decide(
    tmp_path: Path, hold: Hold, monkeypatch: pytest.MonkeyPatch, sees_all: bool, is_mapped: bool, group: str
) -> None:
    """Where the kernel does not tell, a file stays if anybody maps it or if somebody invisible might."""
    (segment,) = make(tmp_path, SEGMENT)
    if is_mapped:
        hold(segment, "rb")
    monkeypatch.setattr(orphans, "_is_open_for_writing", lambda path: None)
    namespace = os.stat("/proc/self/ns/pid").st_ino
    monkeypatch.setattr(orphans, "_INITIAL_PID_NAMESPACE", namespace if sees_all else namespace + 1)
    assert getattr(find_leftovers(folder=tmp_path), group) == (segment,)
    removed = remove_orphans(folder=tmp_path).paths
    assert removed == ((segment,) if group == "orphans" else ()) and segment.exists() == (group != "orphans")


def test_locks_decide_for_the_transport(tmp_path: Path) -> None:
    """A transport segment stays while its lock is held; locks and mutexes without one of theirs go."""
    make(tmp_path, TRANSPORT, f"{TRANSPORT}_el", "fastrtps_port7411", "fastrtps_port7411_el")
    for path in make(tmp_path, "fastrtps_port7413_sl", "sem.fastrtps_port7415_mutex"):
        os.utime(path, (0, 0))
    with (tmp_path / f"{TRANSPORT}_el").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        clean(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == [TRANSPORT, f"{TRANSPORT}_el"]
    clean(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_locks_and_mutexes_that_were_just_made_stay(tmp_path: Path) -> None:
    """Somebody is about to make what they belong to; a lock that is held stays in any case."""
    paths = make(tmp_path, "fastrtps_port7411_el", "sem.fastrtps_port7413_mutex")
    clean(tmp_path)
    assert all(path.exists() for path in paths)
    os.utime(paths[0], (0, 0))
    with paths[0].open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        clean(tmp_path)
    assert paths[0].exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_files_of_other_users_stay(tmp_path: Path) -> None:
    """They are counted, and not touched, not even by root."""
    (segment,) = make(tmp_path, SEGMENT)
    os.chown(segment, 4711, 4711)
    assert clean(tmp_path) == ["nothing to remove", "kept 1.0 kB: 1 file of other users"]
    assert segment.exists()


@pytest.mark.parametrize("name", ["fast_datasharing_notes.txt", "fastrtps_notes", "sem.other_mutex", "video.raw"])
def test_other_files_stay(tmp_path: Path, name: str) -> None:
    """What Fast DDS did not make is none of our business."""
    (path,) = make(tmp_path, name)
    assert clean(tmp_path) == ["nothing to remove"]
    assert path.exists()


def test_a_missing_folder_is_nothing_to_remove(tmp_path: Path) -> None:
    """Without shared memory there is nothing to do."""
    assert clean(tmp_path / "missing") == ["nothing to remove"]


@pytest.mark.parametrize(("count", "text"), [(0, "0 B"), (999, "999 B"), (1234, "1.2 kB"), (2_500_000_000, "2.5 GB")])
def test_sizes_are_readable(count: int, text: str) -> None:
    """Bytes are written with a unit."""
    assert bytes_text(count) == text
