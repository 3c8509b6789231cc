"""Calling back in the middleware's own thread: no other thread has to wake up first."""

from __future__ import annotations

import ctypes
import logging
import threading
from collections.abc import Callable
from typing import Any

from rclpy_loans import rcl

__all__ = ["DirectCall"]

_logger = logging.getLogger(__name__)


class DirectCall:
    """Calls a function whenever messages have arrived, until it is closed.

    Args:
        subscription: rclpy's handle, which must live as long.
        function: called in the middleware's thread, which receives nothing else meanwhile.
    """

    def __init__(self, subscription: Any, function: Callable[[], None]) -> None:
        self._subscription = subscription
        self._function = function
        self._threads: set[int] = set()  # of the middleware, that the interpreter knows for good
        self._c_function = rcl.NEW_MESSAGE_CALLBACK(self._call)  # must live as long as the middleware may call it
        rcl.set_on_new_message(subscription, self._c_function)

    def close(self) -> None:
        """End calling; a call that runs has ended when this returns. Not to be called by the function itself."""
        rcl.set_on_new_message(self._subscription, None)

    def _call(self, user_data: int | None, count: int) -> None:
        if threading.get_ident() not in self._threads:
            # The interpreter would make a state for this foreign thread and throw it away again at every call.
            self._threads.add(threading.get_ident())
            ctypes.pythonapi.PyGILState_Ensure()
        try:
            self._function()
        except Exception:  # there is no caller above that could catch it: the C library would only print it
            _logger.exception("a callback failed; the next message calls it again")
