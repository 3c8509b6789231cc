"""What the writer and the reader of these tests have in common: orders on stdin, another user, their memory."""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue

__all__ = ["Orders", "as_user", "private_kilobytes"]


class Orders:
    """Lines from stdin; its end is the order to quit, so nobody outlives the test."""

    def __init__(self) -> None:
        self._lines: SimpleQueue[str] = SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in sys.stdin:
            self._lines.put(line)
        self._lines.put("quit")

    def next(self, timeout: float | None) -> list[str]:
        """Wait for an order and return its words; nothing if none came."""
        try:
            return self._lines.get(timeout=timeout).split()
        except Empty:
            return []


@contextmanager
def as_user(user: int | None) -> Iterator[None]:
    """Go on as another user; everything has to be imported by now, for that user may not read it."""
    if user is None:
        yield
        return
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ROS_LOG_DIR"] = folder
        yield


def private_kilobytes() -> int:
    """Return the memory of this process that is not shared, KiB."""
    found = re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1])
