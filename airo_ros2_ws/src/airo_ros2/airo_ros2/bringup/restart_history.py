"""How often a process has failed, and what follows from it."""

from __future__ import annotations

from collections import deque

from airo_ros2.bringup.config import RestartPolicy

__all__ = ["RestartHistory"]


class RestartHistory:
    """Counts the failures of one process. It does not read a clock: times are given.

    Args:
        policy: when to start again.
    """

    def __init__(self, policy: RestartPolicy) -> None:
        self.policy = policy
        self._failures: deque[float] = deque()  # times within policy.within

    @property
    def recent(self) -> int:
        """Failures within policy.within of the last one."""
        return len(self._failures)

    def wait_after_failure(self, now: float) -> float | None:
        """Return how long to wait before the next start, s; None when the process is to be given up.

        Args:
            now: time of the failure, s.
        """
        self._failures.append(now)
        while self._failures[0] < now - self.policy.within:
            self._failures.popleft()
        if self.policy.limit and len(self._failures) > self.policy.limit:
            return None
        if len(self._failures) == 1:
            return 0.0  # it ran well until now: whoever reads its stream waits
        return self.policy.backoff.wait_after(len(self._failures) - 1)

    def forget(self) -> None:
        """Begin anew."""
        self._failures.clear()
