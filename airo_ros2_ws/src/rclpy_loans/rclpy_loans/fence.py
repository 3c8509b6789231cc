"""Ordering of memory accesses between processes, for processors that do not give it by themselves.

The reader's argument is: if a guard word still holds its number *after* the content was read, the content belonged to
the number. It needs two orders:

* the reader's loads of the content come before its load of the guard;
* the writer's store that takes the number away comes before its stores of new content, and those before the store of
  the new number. Fast DDS stores the number with memory_order_relaxed, which promises neither.

x86-64 keeps loads in order among themselves, and stores too, so there is nothing to do. aarch64 does not. There,
releasing a lock waits for the accesses before it, and acquiring one afterwards holds back the accesses behind it: a
release followed by an acquire is a full fence (STLR then LDAR are never reordered). A pair of acquire and release alone
is not. The compiler cannot reorder anything: every access is behind a call of its own in the interpreter.
"""

from __future__ import annotations

import platform
import threading

__all__ = ["full_fence"]

_IS_STRONGLY_ORDERED = platform.machine() in ("x86_64", "AMD64", "i686")
_lock = threading.Lock()


def full_fence() -> None:
    """Let all earlier loads and stores of this thread happen before all later ones."""
    if not _IS_STRONGLY_ORDERED:
        with _lock:
            pass
        with _lock:
            pass
