"""Ctrl-C as the ordinary way to end."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

__all__ = ["Interruption"]


class Interruption:
    """Remembers SIGINT and SIGTERM: while a block runs, or after install() for good. To be used in the main thread."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._previous: dict[int, Any] = {}  # handlers to restore

    def install(self) -> None:
        """Begin to remember."""
        for number in (signal.SIGINT, signal.SIGTERM):
            self._previous[number] = signal.signal(number, self._remember)

    def __enter__(self) -> Interruption:
        """Begin to remember."""
        self.install()
        return self

    def __exit__(self, *error: object) -> None:
        """Restore the handlers."""
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    @property
    def is_set(self) -> bool:
        """Whether a signal came."""
        return self._event.is_set()

    def _remember(self, number: int, frame: FrameType | None) -> None:
        self._event.set()
