"""Streams that end, stop, hang and come back: a real HTTP server in a process that is killed, stopped and restarted."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import cv2
import numpy as np
import pytest

from airo_camera.backoff import Backoff
from airo_camera.capture import Capture
from airo_camera.exceptions import SourceOpenError, SourceReadError
from airo_camera.sources.device import StreamSource
from airo_camera.sources.source import GrabbedImage, Source
from airo_camera.sources.spec import make_source

Start = Callable[..., Any]
HERE = Path(__file__).parent
SERVERS = {"http": HERE / "mjpeg_server.py", "rtsp": HERE / "rtsp_server.py"}
# How long a stream may take to come. FFmpeg reads RTSP for a while before it opens a stream.
PATIENCE_SECS = {"http": 0.5, "rtsp": 3.0}
AT_ONCE = Backoff(first=0.01, longest=0.1)
WAIT_SECS = 60.0


class Sink:
    """Hands on the number of each frame."""

    def __init__(self) -> None:
        self.sequences: Queue[int] = Queue()

    def write(self, source: Source, grabbed: GrabbedImage, *, sequence: int) -> None:
        """Let the source write."""
        width, height = grabbed.size_wh
        source.retrieve(np.empty((height, width, 3), np.uint8))
        self.sequences.put(sequence)

    def next(self) -> int:
        """Wait for a frame."""
        return self.sequences.get(timeout=WAIT_SECS)

    def forget(self) -> None:
        """Drop the frames that wait."""
        while not self.sequences.empty():
            self.sequences.get_nowait()


class Run:
    """A capture that runs."""

    def __init__(self, source: Source, reconnect: Backoff | None) -> None:
        self.sink = Sink()
        self.errors: Queue[Exception | None] = Queue()
        self.capture = Capture(source, self.sink, finished=self.errors.put, reconnect=reconnect)
        self.capture.start()

    def wait_for_trouble(self) -> None:
        """Wait until the connection is known to be lost."""
        ticker = threading.Event()
        for _ in range(6000):
            if self.capture.trouble:
                return
            ticker.wait(0.01)
        raise AssertionError("the connection was not lost")


@pytest.fixture
def run() -> Iterator[Callable[..., Run]]:
    """A function that starts captures, which are closed at the end."""
    runs: list[Run] = []

    def start_run(source: Source, *, reconnect: Backoff | None = AT_ONCE) -> Run:
        runs.append(Run(source, reconnect))
        return runs[-1]

    yield start_run
    for each in runs:
        each.capture.close()


@pytest.fixture(params=list(SERVERS))
def scheme(request: pytest.FixtureRequest) -> str:
    """Each protocol of which there is a server here."""
    name: str = request.param
    if name == "rtsp":
        check = subprocess.run([sys.executable, SERVERS[name], "--check"], capture_output=True, text=True, check=False)
        if check.returncode:
            pytest.skip(check.stderr.strip())
    return name


def serve(start: Start, port: int = 0, *options: str, scheme: str = "http") -> tuple[Any, int]:
    """Start a server and return it with its port."""
    server = start(SERVERS[scheme], str(port), *options)
    return server, int(server.expect(r"ready (\d+)")[1])


def stream(port: int, scheme: str = "http") -> StreamSource:
    """Return the server's stream, with little patience."""
    return StreamSource(f"{scheme}://127.0.0.1:{port}/", timeout=PATIENCE_SECS[scheme])


def test_a_server_that_restarts(
    start: Start, run: Callable[..., Run], scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Frames go on with the next number when the server is back; loss and return are said once each."""
    server, port = serve(start, scheme=scheme)
    running = run(stream(port, scheme))
    assert [running.sink.next() for _ in range(3)] == [1, 2, 3]
    server.kill_group()
    running.wait_for_trouble()
    last = 3
    while not running.sink.sequences.empty():
        last = running.sink.next()
    server, _ = serve(start, port, scheme=scheme)
    assert running.sink.next() == last + 1
    assert running.sink.next() == last + 2
    assert running.capture.connections == 2 and running.capture.trouble == ""
    assert sum("connected again" in message for message in caplog.messages) == 1
    assert len(caplog.messages) <= 3  # the stream ended; then nobody answered; then it was back


def test_a_server_that_hangs(start: Start, run: Callable[..., Run], scheme: str) -> None:
    """A server that stops sending is left after the timeout, and met again when it goes on."""
    server, port = serve(start, scheme=scheme)
    running = run(stream(port, scheme))
    running.sink.next()
    os.kill(server.popen.pid, signal.SIGSTOP)
    running.wait_for_trouble()
    running.sink.forget()
    os.kill(server.popen.pid, signal.SIGCONT)
    assert running.sink.next() > 1
    assert running.capture.connections >= 2


def test_a_camera_that_comes_late(start: Start, run: Callable[..., Run], scheme: str) -> None:
    """Nobody is there at first."""
    server, port = serve(start, scheme=scheme)
    server.kill_group()
    running = run(stream(port, scheme))
    running.wait_for_trouble()
    assert str(port) in running.capture.trouble
    serve(start, port, scheme=scheme)
    assert running.sink.next() == 1


def test_a_server_that_accepts_and_is_silent(run: Callable[..., Run], scheme: str) -> None:
    """A connection is not a stream: it is given up after the timeout, and tried again."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        running = run(StreamSource(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/", timeout=0.2))
        first, _ = server.accept()
        running.wait_for_trouble()
        assert "does not answer within 0.2 s" in running.capture.trouble
        second, _ = server.accept()
        first.close()
        second.close()


def test_garbage_is_connected_anew(start: Start, run: Callable[..., Run]) -> None:
    """Images that cannot be decoded are counted, and the stream that holds nothing else is given up for a new one."""
    server, port = serve(start, 0, "--garbage")
    running = run(stream(port))
    assert running.sink.next() == 1
    assert running.sink.next() == 2  # the first, good one of the next connection
    assert running.capture.connections >= 2


def test_without_reconnect_it_ends(start: Start, run: Callable[..., Run]) -> None:
    """The error of the source ends it."""
    server, port = serve(start)
    running = run(stream(port), reconnect=None)
    running.sink.next()
    server.kill_group()
    assert isinstance(running.errors.get(timeout=WAIT_SECS), SourceReadError)


def test_closing_while_it_waits(start: Start, run: Callable[..., Run]) -> None:
    """A capture that waits for its source ends at once when it is closed."""
    running = run(stream(9), reconnect=Backoff(first=1000.0, longest=1000.0))
    running.wait_for_trouble()
    running.capture.close()
    assert running.errors.get(timeout=WAIT_SECS) is None


def test_files_that_come_and_go(run: Callable[..., Run], tmp_path: Path) -> None:
    """A folder that vanishes, as a drive does that is unplugged, is read again when it is back."""
    folder, away = tmp_path / "images", tmp_path / "away"
    folder.mkdir()
    for index in range(2):
        cv2.imwrite(str(folder / f"{index}.png"), np.zeros((48, 64, 3), np.uint8))
    running = run(make_source(str(folder), rate=100.0, loop=True))
    running.sink.next()
    folder.rename(away)
    running.wait_for_trouble()
    running.sink.forget()
    away.rename(folder)
    assert running.sink.next() > 1


@pytest.mark.parametrize(("failures", "seconds"), [(1, 0.5), (2, 1.0), (3, 2.0), (5, 8.0), (6, 10.0), (10**9, 10.0)])
def test_back_off(failures: int, seconds: float) -> None:
    """Each wait is twice as long as the one before, up to a limit."""
    assert Backoff().wait_after(failures) == seconds


def test_a_stable_path_is_looked_up_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path by id that does not exist is named with those that do; one that leads elsewhere is no camera."""
    source = make_source("/dev/v4l/by-id/usb-Nobody_0001-video-index0?width=640&height=480")
    with pytest.raises(SourceOpenError, match="usb-Nobody_0001-video-index0 does not exist: cameras here are "):
        source.open()
    link = tmp_path / "camera"
    link.symlink_to("/dev/null")
    monkeypatch.setattr(source, "_path", link)
    with pytest.raises(SourceOpenError, match="leads to /dev/null: expected a camera"):
        source.open()
