"""Waiting for messages outside an executor."""

from __future__ import annotations

import os
import select
from typing import Any

from rclpy_loans import rcl

__all__ = ["Wakeup"]

LOOK_SECS = 0.2  # how soon a shutdown of rclpy by a signal is noticed, which tells nobody


class Wakeup:
    """Waits for a message or an interruption.

    The middleware's thread itself writes to an eventfd: neither Python nor a wait set stands between it and the thread
    that waits.

    Args:
        subscription: rclpy's handle, which must live as long.
    """

    def __init__(self, subscription: Any) -> None:
        self._subscription = subscription
        self._event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._event, select.POLLIN)
        rcl.write_on_new_message(subscription, self._event)

    def wait(self, timeout: float) -> None:
        """Wait at most `timeout` s; returning early means nothing by itself. Not to be called after close()."""
        if self._poll.poll(min(timeout, LOOK_SECS) * 1e3):
            os.eventfd_read(self._event)

    def interrupt(self) -> None:
        """End a `wait` in another thread."""
        os.eventfd_write(self._event, 1)

    def close(self) -> None:
        """Let the middleware write no more, and close the file."""
        rcl.set_on_new_message(self._subscription, None)
        os.close(self._event)
