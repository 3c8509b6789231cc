"""A thread that does what others hand it, in order, behind a queue that is bounded by bytes."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from airo_recorder.exceptions import RecordingStateError

__all__ = ["Worker"]

T = TypeVar("T")


class Worker:
    """Runs commands in a thread of its own.

    Args:
        name: of the thread.
        max_bytes: that may wait; one command always fits.
        failed: called in the thread with what a submitted command raised; the thread goes on.
    """

    def __init__(self, name: str, *, max_bytes: int, failed: Callable[[Exception], None]) -> None:
        self._max_bytes = max_bytes
        self._failed = failed
        self._commands: deque[tuple[int, Callable[[], None]]] = deque()  # guarded by _changed
        self._bytes = 0  # of commands that wait or run; guarded by _changed
        self._is_closed = False  # guarded by _changed
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def waiting_bytes(self) -> int:
        """Bytes of the commands that wait or run."""
        return self._bytes

    def submit(self, command: Callable[[], None], size: int = 0, *, timeout: float = 0.0) -> bool:
        """Queue a command and return True, or False when there is no room within `timeout` s.

        Args:
            command: to run in the thread.
            size: bytes that it keeps until it has run.
            timeout: s.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._has_room(size), timeout)
            if self._is_closed or not self._has_room(size):
                return False
            self._commands.append((size, command))
            self._bytes += size
            self._changed.notify_all()
            return True

    def wait_for_room(self, size: int, *, timeout: float) -> bool:
        """Return whether a command of `size` bytes fits within `timeout` s; if not, it need not be made."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._has_room(size), timeout)
            return not self._is_closed and self._has_room(size)

    def call(self, command: Callable[[], T], *, timeout: float = 60.0) -> T:
        """Run a command in the thread after everything queued, and return what it returns or raise what it raises.

        Raises:
            RecordingStateError: the thread has ended.
            TimeoutError: it did not come to it.
        """
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(command())
            except Exception as error:  # it is the caller's
                future.set_exception(error)

        if not self.submit(run):
            raise RecordingStateError("the recorder is closed")
        return future.result(timeout)

    def close(self) -> None:
        """Run everything that is queued and end the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        self._thread.join()

    def _has_room(self, size: int) -> bool:
        return not size or not self._bytes or self._bytes + size <= self._max_bytes

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._commands or self._is_closed)
                if not self._commands:
                    return
                size, command = self._commands.popleft()
            try:
                command()
            except Exception as error:  # whatever an encoder raises must be told, and not end in a silent thread
                self._failed(error)
            del command  # and with it the pixels
            with self._changed:
                self._bytes -= size
                self._changed.notify_all()
