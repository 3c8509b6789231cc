"""Waiting for messages outside an executor."""

from __future__ import annotations

from typing import Any

from rclpy.guard_condition import GuardCondition
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.signals import SignalHandlerGuardCondition

__all__ = ["Wakeup"]


class Wakeup:
    """Waits for a message, an interruption or a signal, with one wait set for its whole life."""

    def __init__(self, context: Any, subscription: Any) -> None:
        self._subscription = subscription
        self._interruption = GuardCondition(callback=None, callback_group=None, context=context)
        self._signal = SignalHandlerGuardCondition(context)
        with context.handle:
            self._wait_set = _rclpy.WaitSet(1, 2, 0, 0, 0, 0, context.handle)

    def wait(self, timeout: float) -> None:
        """Wait at most `timeout` s; returning early means nothing by itself. Not to be called after close()."""
        self._wait_set.clear_entities()
        self._wait_set.add_subscription(self._subscription)
        self._wait_set.add_guard_condition(self._interruption.handle)
        self._wait_set.add_guard_condition(self._signal.handle)
        self._wait_set.wait(int(timeout * 1e9))

    def interrupt(self) -> None:
        """End a `wait` in another thread."""
        self._interruption.trigger()

    def close(self) -> None:
        """Release the wait set and its guard conditions."""
        self._wait_set.destroy_when_not_in_use()
        self._signal.destroy()
        self._interruption.destroy()
