"""How a process notices that the program that started it has let go of it, or has ended, in whatever way."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

__all__ = ["Lifeline"]


class Lifeline:
    """Watches stdin, whose other end the kernel closes with that program; its end is the order to end.

    Args:
        cut: called then, in a thread.
        grace: s; if this process has not ended by then, it is ended at once.
    """

    def __init__(self, cut: Callable[[], None], *, grace: float = 4.0) -> None:
        self.is_cut = False
        self._cut = cut
        self._grace = grace
        threading.Thread(target=self._watch, name="lifeline", daemon=True).start()

    def _watch(self) -> None:
        while os.read(0, 1024):
            pass
        timer = threading.Timer(self._grace, os._exit, [1])
        timer.daemon = True
        timer.start()
        self.is_cut = True
        self._cut()
