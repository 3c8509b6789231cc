"""How often something may happen."""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["RateLimit", "RateLimits"]


class RateLimit:
    """Allows bursts, and a rate in the long run. It does not read a clock: times are given.

    Args:
        burst: how often at once.
        rate: in the long run, Hz.
    """

    def __init__(self, burst: float, rate: float) -> None:
        self._burst = burst
        self._rate = rate
        self._left = burst
        self._time: float | None = None

    def allows(self, now: float) -> bool:
        """Count one time, and return whether it is allowed.

        Args:
            now: time, s.
        """
        if self._time is not None:
            self._left = min(self._burst, self._left + (now - self._time) * self._rate)
        self._time = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class RateLimits:
    """A limit for each of many, of whom the ones that were heard last are remembered.

    Args:
        burst: how often at once.
        rate: in the long run, Hz.
        size: how many are remembered.
    """

    def __init__(self, burst: float, rate: float, *, size: int = 256) -> None:
        self._burst = burst
        self._rate = rate
        self._size = size
        self._limits: OrderedDict[str, RateLimit] = OrderedDict()

    def allows(self, name: str, now: float) -> bool:
        """Count one time for a name, and return whether it is allowed."""
        limit = self._limits.pop(name, None) or RateLimit(self._burst, self._rate)
        self._limits[name] = limit
        if len(self._limits) > self._size:
            self._limits.popitem(last=False)
        return limit.allows(now)
