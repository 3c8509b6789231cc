"""The live table of bringup."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import pytest
from rich.console import Console

from airo_ros2.bringup.results import FrameResult
from airo_ros2.bringup.tag_board import TagBoard, sparkline
from tag_pose.observation import TagObservation
from tag_pose.pose import PoseEstimate
from tag_pose.tagger import DetectedTag

Start = Callable[..., Any]
WAIT_SECS = 60.0


def tag(tag_id: int, *, has_pose: bool = True) -> DetectedTag:
    """Return a tag half a metre before the camera, facing it."""
    seen = TagObservation(tag_id, "tag36h11", 0, 90.0, np.zeros(2), np.zeros((4, 2)))
    camera_from_tag = np.diag([1.0, -1.0, -1.0, 1.0])
    camera_from_tag[:3, 3] = 0.1, -0.2, 0.5
    pose = PoseEstimate(camera_from_tag, 0.1, None, 0.0, np.diag([1e-6, 1e-6, 2e-6, 1e-4, 1e-4, 1e-4]))
    return DetectedTag(seen, 0.1, pose if has_pose else None)


def result(sequence: int, *tags: DetectedTag, camera: str = "front") -> FrameResult:
    """Return the result of a frame."""
    return FrameResult(camera, sequence, 0, (640, 480), 0.025, True, list(tags))


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time, s."""
        return self.now


def text_of(board: TagBoard) -> str:
    """Return what a terminal of 120 columns shows."""
    console = Console(width=120, record=True, file=StringIO())
    console.print(board)
    return console.export_text()


def test_sparkline() -> None:
    """The highest is full, little is seen, nothing is nothing."""
    assert sparkline([0, 1, 15, 30]) == " ▁▄█"
    assert sparkline([0.0, 0.0]) == "  "


def test_cameras_and_tags() -> None:
    """Each camera has its rate, each tag its pose; one that is not seen any more goes."""
    clock = Clock()
    board = TagBoard("the heading", clock=clock)
    for sequence in range(1, 41):
        clock.now += 0.1
        board.add(result(sequence, tag(7), *([tag(3, has_pose=False)] if sequence < 5 else [])))
    lines = text_of(board).splitlines()
    assert lines[0].strip() == "the heading"
    assert re.search(r"^front +40 +10\.\d +25 +yes +.*█", lines[2])
    (seven,) = [line for line in lines if "tag36h11:7" in line]
    assert re.search(
        r"front +tag36h11:7 +\+0\.100 +-0\.200 +\+0\.500 +[+-]0\.0 +[+-]0\.0 +[+-]0\.0 +2\.00 +10\.", seven
    )
    assert "tag36h11:3" not in text_of(board)
    clock.now += 10
    assert "tag36h11" not in text_of(board)


def test_tags_without_pose() -> None:
    """They are told without numbers."""
    board = TagBoard()
    board.add(result(1, tag(3, has_pose=False)))
    assert re.search(r"tag36h11:3 +- +- +- ", text_of(board))


class Terminal:
    """A terminal that is read to its end."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        self.shown = ""
        self._thread = threading.Thread(target=self._read)

    def start(self, command: list[str]) -> subprocess.Popen[bytes]:
        """Start a process in it."""
        environment = os.environ | {"TERM": "xterm", "COLUMNS": "120", "LINES": "40"}
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), self.slave)
        process = subprocess.Popen(command, env=environment, **streams)  # type: ignore[call-overload]
        os.close(self.slave)
        self._thread.start()
        return process

    def _read(self) -> None:
        while True:
            try:
                text = os.read(self.master, 65536)
            except OSError:  # the other end is closed
                return
            self.shown += text.decode(errors="replace")

    def close(self) -> None:
        """Wait for the end of what is shown."""
        self._thread.join(WAIT_SECS)
        os.close(self.master)


def eventually(look: Callable[[], Any]) -> Any:
    """Wait until looking gives something, and return it."""
    deadline = time.monotonic() + WAIT_SECS
    while True:
        seen = look()
        if seen:
            return seen
        assert time.monotonic() < deadline
        time.sleep(0.02)


def page_at(url: str) -> bytes:
    """Return a page; nothing while there is no server yet."""
    try:
        with urlopen(url, timeout=WAIT_SECS) as page:
            return bytes(page.read())
    except URLError:
        return b""


def test_bringup_on_a_terminal(ros_domain: int) -> None:
    """A terminal gets the table with poses, rate and the address of the view, which answers; Ctrl-C ends all."""
    terminal = Terminal()
    bringup = terminal.start([sys.executable, "-m", "airo_ros2.cli", "bringup"])
    try:
        eventually(lambda: re.search(r"tag36h11:0.*[+-]\d\.\d{3}", terminal.shown))
        url = re.search(r"shown on (http://127\.0\.0\.1:\d+/)", terminal.shown)
        assert url is not None and "results per second" in terminal.shown
        assert b"<title>airo view</title>" in eventually(lambda: page_at(url[1]))
        bringup.send_signal(signal.SIGINT)
        assert bringup.wait(WAIT_SECS) == 0
    finally:
        if bringup.poll() is None:
            bringup.kill()
        bringup.wait()
        terminal.close()


@pytest.mark.parametrize(("option", "relays"), [("--headless", 2), ("--json", 0)])
def test_bringup_without_view(start: Start, option: str, relays: int) -> None:
    """Neither with --headless nor with --json is there a view; with --json there are no relays, either."""
    bringup = start("-m", "airo_ros2.cli", "bringup", option)
    bringup.expect("tag36h11")
    pid = bringup.popen.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    commands = [Path(f"/proc/{child}/cmdline").read_text() for child in children]
    assert len(commands) == 2 + relays and not any("airo_view.web" in command for command in commands)
    assert sum("airo_view.relay" in command for command in commands) == relays
    bringup.popen.send_signal(signal.SIGINT)
    assert bringup.wait() == 0
    assert bringup.complaints == []


def test_the_view_command(start: Start) -> None:
    """It prints its address, serves the page, and ends with Ctrl-C; a taken port is one line."""
    view = start("-m", "airo_ros2.cli", "view", "--port", "0", "--json")
    url = json.loads(view.expect("{.*}")[0])["url"]
    with urlopen(url, timeout=60.0) as page:
        assert page.status == 200
    taken = start("-m", "airo_ros2.cli", "view", "--port", url.rstrip("/").rpartition(":")[2])
    assert taken.wait() == 2 and "Address already in use" in taken.complaints[0]
    view.popen.send_signal(signal.SIGINT)
    assert view.wait() == 0 and view.complaints == []
