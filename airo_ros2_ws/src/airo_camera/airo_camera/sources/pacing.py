"""Waiting for the next image at a fixed pace, on the monotonic clock."""

from __future__ import annotations

import time
from collections.abc import Callable

__all__ = ["Pacer"]


class Pacer:
    """A schedule in seconds since its start; it neither drifts nor bursts.

    Args:
        clock: returns s; never goes back.
        sleep: waits for s.
    """

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        # When second 0 of the schedule was, by the clock; None until the first wait.
        self._start: float | None = None

    def wait_until(self, seconds: float) -> float:
        """Wait until a time of the schedule and return how late it is, s.

        The first call starts the schedule at the time asked for, and so never waits.
        """
        if self._start is None:
            self._start = self._clock() - seconds
        remaining = self._start + seconds - self._clock()
        if remaining > 0:
            self._sleep(remaining)
        return max(0.0, self._clock() - self._start - seconds)

    def wait_for_each(self, seconds: float, *, period: float) -> None:
        """Wait until a time of the schedule at which an image that must not be lost is due.

        Whoever is late by more than a period moves the schedule back, so that images never come in a burst.

        Args:
            seconds: when the image is due, s since the start of the schedule.
            period: usual time between two images, s.
        """
        late = self.wait_until(seconds)
        if late > period and self._start is not None:
            self._start += late

    def wait_for_newest(self, index: int, *, period: float) -> int:
        """Wait until an image of a live source is due and return the index of the image that is due by then.

        Whoever is late skips images, so that they never come in a burst.

        Args:
            index: of the next image; image 0 was due at the start of the schedule.
            period: time between two images, s.
        """
        late = self.wait_until(index * period)
        return index + int(late / period)
