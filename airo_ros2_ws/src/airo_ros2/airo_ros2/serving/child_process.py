"""A process of ours that is told what to do, tells what becomes of it, and ends with the program that started it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
import weakref

from airo_ros2.serving.events import ENDED, FAILED, Event, read_events
from airo_ros2.session import close_at_exit
from rclpy_loans.orphans import remove_orphans

__all__ = ["ChildProcess", "RemoteTraceback"]

# How long the process may take to end after each step before the next one.
ENDING = ((signal.SIGTERM, 1.0), (signal.SIGKILL, 5.0))
POLL_SECS = 0.02


class ChildProcess:
    """`python -m MODULE DESCRIPTOR`, with its request on stdin, which stays open, and its events on the descriptor.

    The end of its stdin is its order to end. Closed at exit by itself.

    Args:
        module: to run.
        content: what it reads from stdin first.
        patience: s, how long it may take to end by itself.
    """

    def __init__(self, module: str, content: bytes, *, patience: float = 3.0) -> None:
        self.last: Event | None = None  # the last event that was looked at
        self._patience = patience
        self._process_of_parent = os.getpid()
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()  # None: there will be no more
        reading, writing = os.pipe()
        try:
            # A session of its own: Ctrl-C reaches this program alone, which then ends the process in order.
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, str(writing)],
                stdin=subprocess.PIPE,
                stdout=2,  # what a driver prints goes to stderr: stdout is this program's
                pass_fds=[writing],
                start_new_session=True,
            )
        finally:
            os.close(writing)
        close_at_exit(self)
        _living.add(self)
        self._thread = threading.Thread(
            target=self._read_events, args=(reading,), daemon=True, name=f"events of {module}"
        )
        self._thread.start()
        self._send(content)

    @property
    def process_id(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        """How it ended, negative for a signal; None while it runs."""
        return self._process.poll()

    @property
    def is_running(self) -> bool:
        """Whether it runs."""
        return self.exit_status is None

    @property
    def is_open(self) -> bool:
        """Whether it has not been told to end."""
        return self._process.stdin is not None and not self._process.stdin.closed

    @property
    def has_failed(self) -> bool:
        """Whether it has ended although neither its work was done nor it was told to."""
        while not self._events.empty():
            self.last = self._events.get() or self.last
        if self.is_running or (self.last is not None and self.last.kind == ENDED):
            return False
        return self.is_open or self.exit_status != 0

    def next_event(self, timeout: float) -> Event | None:
        """Wait for an event and return it; None when it has ended without another.

        Raises:
            TimeoutError: none came in time.
        """
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError from None
        self.last = event or self.last
        return event

    def wait(self, timeout: float) -> bool:
        """Wait for its end, at most `timeout` s, and return whether it has ended."""
        deadline = time.monotonic() + timeout
        while self.is_running and time.monotonic() < deadline:
            time.sleep(POLL_SECS)
        return not self.is_running

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        self._process.send_signal(number)

    def close(self) -> None:
        """End it, the harder the longer it takes. Calling it again does nothing."""
        stdin = self._process.stdin
        if stdin is None or stdin.closed or os.getpid() != self._process_of_parent:
            return
        stdin.close()  # which is the order to end
        self.wait(self._patience)
        for signal_number, patience in ENDING:
            if self.is_running:
                self._process.send_signal(signal_number)
                self.wait(patience)
        if self.exit_status != 0:
            remove_orphans()  # at once: the room may be needed
        self._thread.join(1.0)

    def why_it_failed(self) -> tuple[str, str]:
        """Return what is known of its end: a text, and the traceback of its error, which may be empty."""
        if self.last is not None and self.last.kind == FAILED:
            return self.last.text, self.last.traceback_text
        status = self.exit_status
        if status is not None and status < 0:
            return f"its process was killed by {signal.Signals(-status).name}", ""
        return f"its process ended with status {status}; see what it said on stderr", ""

    def let_go(self) -> None:
        """Leave it to the parent alone, in a forked child: it must see its stdin end when the parent ends."""
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _send(self, content: bytes) -> None:
        stdin = self._process.stdin
        if stdin is None:
            return
        try:
            stdin.write(content)
            stdin.flush()
        except BrokenPipeError:
            return  # it has ended: there will be no event

    def _read_events(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb") as stream:
            for event in read_events(stream):
                self._events.put(event)
        self._events.put(None)


class RemoteTraceback(Exception):
    """Shows the traceback of another process above ours."""

    def __str__(self) -> str:
        return "in the other process:\n" + str(self.args[0])


_living: weakref.WeakSet[ChildProcess] = weakref.WeakSet()


def _let_go_in_forked_child() -> None:
    for process in _living:
        process.let_go()


os.register_at_fork(after_in_child=_let_go_in_forked_child)
