"""Fixtures of all tests: a private ROS domain, a node in it, and real processes that are watched and cleaned up."""

from __future__ import annotations

import itertools
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import TYPE_CHECKING, Any

import pytest
from domain_coordinator import domain_id

from rclpy_loans import apply_profile
from rclpy_loans.orphans import mapped_files, remove_orphans

if TYPE_CHECKING:
    from rclpy.node import Node

WAIT_SECS = 60.0  # generous: a wait ends with its event, and only a failing test waits so long
SHARED_MEMORY = Path("/dev/shm")
FAST_DDS_LOG = re.compile(r"\[.*(DATASHARING|RTPS|DDS|SHM).* (Error|Warning)\]")
killed_process_ids: list[int] = []  # in the test that runs
_next_domain = itertools.cycle(random.sample(range(1, 101), 100)).__next__


def shared_memory_files() -> set[str]:
    """Return the names of all segments and ports of Fast DDS; a lock or mutex counts as what it belongs to."""
    names = (re.match(r"(?:sem\.)?(fast.+?)(?:_el|_sl|_mutex)?$", path.name) for path in SHARED_MEMORY.iterdir())
    return {name[1] for name in names if name}


@pytest.fixture
def ros_domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Set ROS_DOMAIN_ID to a domain that nobody else uses, and check that the test leaves nothing in shared memory."""
    before = shared_memory_files()
    with domain_id(selector=_next_domain) as number:
        monkeypatch.setenv("ROS_DOMAIN_ID", str(number))
        monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        apply_profile()
        yield number
    if killed_process_ids:  # what they had open stays behind, also files of ours that they had opened
        remove_orphans()
        killed_process_ids.clear()
    left = shared_memory_files() - before
    in_use = {Path(path).name for path in mapped_files()}  # of tests that run beside this one
    left &= shared_memory_files()  # what its owner, beside this test, has not removed meanwhile
    # With all names: it makes a difference whether ports were left, or only their locks or mutexes.
    assert left <= in_use, f"left in shared memory: {left - in_use} of {sorted(os.listdir(SHARED_MEMORY))}"


@pytest.fixture
def node(ros_domain: int) -> Iterator[Node]:
    """Give an initialised rclpy and a node in the test's own domain."""
    import rclpy

    rclpy.init(domain_id=ros_domain)
    made = rclpy.create_node("test")
    yield made
    made.destroy_node()
    rclpy.shutdown()


class Process:
    """A real process whose output is read line by line."""

    def __init__(self, command: list[str], **options: Any) -> None:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.popen = subprocess.Popen(command, text=True, start_new_session=True, **pipes, **options)
        self.output: list[str] = []
        self.errors: list[str] = []
        self._events: Queue[tuple[str, str | None]] = Queue()
        self._threads = [
            threading.Thread(target=self._read, args=(stream, name), daemon=True)
            for stream, name in ((self.popen.stdout, "output"), (self.popen.stderr, "errors"))
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, stream: Any, name: str) -> None:
        for line in stream:
            getattr(self, name).append(line.rstrip("\n"))
            self._events.put((name, line.rstrip("\n")))
        self._events.put((name, None))

    def expect(self, pattern: str, *, stream: str = "output") -> re.Match[str]:
        """Wait for a line that matches, and return the match."""
        deadline = time.monotonic() + WAIT_SECS
        while True:
            try:
                name, line = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            except Empty:
                raise AssertionError(f"no line matched {pattern!r}: {self.output} {self.errors}") from None
            if name != stream:
                continue
            assert line is not None, f"ended before a line matched {pattern!r}: {self.output} {self.errors}"
            match = re.search(pattern, line)
            if match:
                return match

    @property
    def complaints(self) -> list[str]:
        """What the process itself wrote to stderr.

        Fast DDS writes a line of its own when a peer vanishes at the very moment at which they meet.
        """
        return [line for line in self.errors if not FAST_DDS_LOG.search(line)]

    def say(self, line: str) -> None:
        """Write a line to the process."""
        assert self.popen.stdin is not None
        self.popen.stdin.write(line + "\n")
        self.popen.stdin.flush()

    def wait(self) -> int:
        """Wait for the end and return the exit status."""
        status = self.popen.wait(WAIT_SECS)
        for thread in self._threads:
            thread.join(WAIT_SECS)
        return status

    def kill_group(self) -> None:
        """Kill the process and everything it started in its process group."""
        try:
            os.killpg(self.popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.popen.wait(WAIT_SECS)
        killed_process_ids.append(self.popen.pid)

    def close(self) -> None:
        """Close the pipes of a process that has ended."""
        for thread in self._threads:
            thread.join(WAIT_SECS)
        for stream in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def start(ros_domain: int) -> Iterator[Callable[..., Process]]:
    """Give a function that starts Python processes in the test's domain, with the interpreter's arguments."""
    started: list[Process] = []

    def start_process(*arguments: str | Path, **options: Any) -> Process:
        started.append(Process([sys.executable, *map(str, arguments)], **options))
        return started[-1]

    yield start_process
    for process in started:
        if process.popen.poll() is None:
            process.kill_group()
        process.close()


@pytest.fixture
def photographs() -> Path:
    """Give the folder of real photographs with reference detections, which lies beside the repository."""
    folder = Path(__file__).resolve().parent.parent / "shared/data/apriltag"
    if not folder.is_dir():
        pytest.skip(f"the reference photographs are not in {folder}")
    return folder
