"""What happened during a recording beside frames: for the summary, and for whoever watches."""

from __future__ import annotations

import threading
import time

__all__ = ["Events"]


class Events:
    """A list that every thread of a recording may add to."""

    def __init__(self) -> None:
        self._events: list[dict[str, object]] = []  # guarded by _lock
        self._lock = threading.Lock()

    def add(self, text: str, *, camera: str = "") -> None:
        """Note what happened now."""
        with self._lock:
            self._events.append({"time": time.time(), "camera": camera, "event": text})

    def as_list(self) -> list[dict[str, object]]:
        """Return all of them."""
        with self._lock:
            return list(self._events)
