"""Waiting longer after each failure in a row."""

from __future__ import annotations

from dataclasses import dataclass

from airo_camera.exceptions import CameraError

__all__ = ["Backoff"]


@dataclass(frozen=True)
class Backoff:
    """How long to wait after the n-th failure in a row: exponential, with a limit.

    Attributes:
        first: s, after the first failure.
        factor: by which each wait is longer than the one before.
        longest: s, no wait is longer.

    Raises:
        CameraError: a wait would be negative, or would shrink.
    """

    first: float = 0.5
    factor: float = 2.0
    longest: float = 10.0

    def __post_init__(self) -> None:
        if not (0 <= self.first <= self.longest and self.factor >= 1):
            raise CameraError(
                f"back-off of {self.first:g} s, times {self.factor:g}, at most {self.longest:g} s: "
                "expected 0 <= first <= longest and a factor of at least 1"
            )

    def wait_after(self, failures: int) -> float:
        """Return how long to wait after so many failures in a row, s."""
        if self.first == 0:
            return 0.0
        # The power is cut off before it overflows: nobody counts the failures of weeks.
        return min(self.longest, self.first * self.factor ** min(failures - 1, 64))
