"""A /dev/shm that is too small, one that fills up, and files that are nobody else's business."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

IMAGE = "airo_camera_msgs/Image640x480"
FOLDER = Path(__file__).parent
OWN_SHARED_MEMORY = FOLDER / "own_shared_memory.py"
WRITER, READER = FOLDER / "writer.py", FOLDER / "reader.py"
Start = Callable[..., Any]


@cache
def may_mount() -> bool:
    """Return whether this process may have a /dev/shm of its own."""
    command = [sys.executable, str(OWN_SHARED_MEMORY), "1m", "-c", ""]
    return subprocess.run(command, capture_output=True).returncode == 0


@pytest.fixture
def may_limit() -> None:
    """Skip where /dev/shm cannot be made small."""
    if not may_mount():
        pytest.skip("a /dev/shm of its own needs the permission to mount")


@pytest.mark.usefixtures("may_limit")
@pytest.mark.parametrize("what", ["airo_camera_msgs/Image1920x1080", "1920x1080"])
def test_what_does_not_fit_is_refused(start: Start, what: str) -> None:
    """A publisher that does not fit is refused with what it needs, what is there, and how to get more."""
    writer = start(OWN_SHARED_MEMORY, "16m", WRITER, what, "--depth", "4")
    line = writer.expect("refused SharedMemoryError: (.*)")[1]
    assert writer.wait() == 0, writer.errors
    assert re.search(r"5 slots of 6\.2 MB .*need 31 MB of /dev/shm, of whose 17 MB \d+ MB are free", line)
    assert "smaller depth" in line and "mount -o remount,size=" in line and "--shm-size" in line


@pytest.mark.usefixtures("may_limit")
def test_what_fits_just_runs(start: Start) -> None:
    """A publisher that fits into a small /dev/shm shares."""
    writer = start(OWN_SHARED_MEMORY, "16m", WRITER, IMAGE, "--flood")
    writer.expect("ready")
    reader = start(OWN_SHARED_MEMORY, f"={writer.popen.pid}", READER, IMAGE)
    reader.expect("ready")
    reader.say("await 0")
    reader.expect("met 0 .*zero_copy=True")


@pytest.mark.usefixtures("may_limit")
def test_shared_memory_that_fills_up(start: Start) -> None:
    """When others fill /dev/shm, streams that run go on, one more publisher is refused, and later it is not."""
    writer = start(OWN_SHARED_MEMORY, "16m", WRITER, IMAGE, "--flood")
    writer.expect("ready")
    reader = start(OWN_SHARED_MEMORY, f"={writer.popen.pid}", READER, IMAGE)
    reader.expect("ready")
    reader.say("await 0")
    reader.expect("met 0 .*zero_copy=True")
    filler = Path(f"/proc/{writer.popen.pid}/root/dev/shm/filler")
    fill_up(filler)
    for _ in range(3):
        reader.say("await 0")
        reader.expect("met 0 .*zero_copy=True")
    writer.say("another topic2")
    writer.expect(r"refused SharedMemoryError: .* 0 MB are free")
    late = start(OWN_SHARED_MEMORY, f"={writer.popen.pid}", WRITER, IMAGE, "--topic", "topic3")
    late.expect(r"refused SharedMemoryError: .* 0 MB are free")
    filler.unlink()
    writer.say("another topic2")
    writer.expect("opened topic2")
    reader.say("visit 1")
    reader.expect("visited 1")
    reader.say("await 0")
    reader.expect("met 0 .*zero_copy=True")


@pytest.mark.usefixtures("may_limit")
def test_a_set_up_that_does_not_fit_is_refused_before_it_starts(start: Start, tmp_path: Path) -> None:
    """Two cameras of which only one fits: no process is started, and each camera's need, with its depth, is told."""
    setup = tmp_path / "setup.yaml"
    left, right = "sim:?width=1920&height=1080", "sim:?width=640&height=480&depth=1"
    setup.write_text(f"cameras:\n  left: {{source: '{left}'}}\n  right: {{source: '{right}'}}\n")
    bringup = start(OWN_SHARED_MEMORY, "40m", "-m", "airo_ros2.cli", "bringup", setup, "--frames", "1")
    assert bringup.wait() != 0
    line = "\n".join(bringup.errors)
    assert "the cameras need 48 MB of /dev/shm (left 31 MB, right 17 MB), of whose 42 MB 42 MB are free" in line
    assert "mount -o remount,size=" in line and not bringup.output


def fill_up(path: Path) -> None:
    """Write until nothing more fits."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            while True:
                try:
                    file.write(bytes(size))
                except OSError:
                    break


@pytest.mark.parametrize("what", [IMAGE, "640x480", "geometry_msgs/Pose"])
def test_segments_are_private(start_writer: Start, what: str) -> None:
    """Other users may neither read nor write what a publisher shares, whatever the umask."""
    previous = os.umask(0)
    try:
        writer = start_writer(what)
    finally:
        os.umask(previous)
    maps = Path(f"/proc/{writer.popen.pid}/maps").read_text()
    segments = {Path(path) for path in re.findall(r"/dev/shm/fast_datasharing\S+", maps)}
    assert any(segment.stat().st_size > 50 for segment in segments)
    for segment in segments:
        assert segment.stat().st_mode & 0o077 == 0, segment
