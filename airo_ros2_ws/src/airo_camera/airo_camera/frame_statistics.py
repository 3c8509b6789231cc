"""How regularly a source delivers, measured from the stamps of its images."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["FrameReport", "FrameStatistics"]

MAX_SAMPLES = 4096  # of one report: several seconds of the fastest camera
_LATE_PERIODS = 1.5  # a longer interval has room for an image that is missing


@dataclass(frozen=True)
class FrameReport:
    """One period of a source.

    Attributes:
        seconds: how long it was.
        intervals: s, between the stamps of each two images.
        latencies: s, from each acquisition until the frame was published.
        published: frames since the start.
        missed: images since the start for which there was time between two others, at the source's own rate.
        backward_stamps: images since the start whose stamp was not after the one before.
        size_wh: (width, height) of the newest image, px; None before the first.
        encoding: of the newest image.
        recent: published in this period.
        recent_backward_stamps: of this period.
    """

    seconds: float
    intervals: tuple[float, ...]
    latencies: tuple[float, ...]
    published: int
    missed: int
    backward_stamps: int
    size_wh: tuple[int, int] | None
    encoding: str
    recent: int
    recent_backward_stamps: int

    @property
    def rate(self) -> float:
        """Frames per second."""
        return self.recent / self.seconds if self.seconds > 0 else 0.0


class FrameStatistics:
    """Filled by the capture thread; report() begins a new period, in any thread.

    Args:
        now: s, a clock that only goes forward.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._since = now()
        self._intervals: deque[float] = deque(maxlen=MAX_SAMPLES)
        self._latencies: deque[float] = deque(maxlen=MAX_SAMPLES)
        self._last_stamp_nanos: int | None = None  # None after the source was connected anew
        self._published = self._missed = self._backward = 0
        self._reported = self._reported_backward = 0  # of them, in reports so far
        self._size_wh: tuple[int, int] | None = None
        self._encoding = ""

    def add(
        self, *, stamp_nanos: int, published_nanos: int, size_wh: tuple[int, int], encoding: str, fps: float | None
    ) -> None:
        """Count a frame.

        Args:
            stamp_nanos: of its acquisition, ns since the epoch.
            published_nanos: when it was published, on the same clock.
            size_wh: (width, height), px.
            encoding: of its pixels.
            fps: the source's rate; None if it is not known, then no image counts as missed.
        """
        with self._lock:
            if self._last_stamp_nanos is not None:
                self._add_interval((stamp_nanos - self._last_stamp_nanos) * 1e-9, fps)
            self._last_stamp_nanos = stamp_nanos
            self._latencies.append((published_nanos - stamp_nanos) * 1e-9)
            self._published += 1
            self._size_wh, self._encoding = size_wh, encoding

    def _add_interval(self, seconds: float, fps: float | None) -> None:
        if seconds <= 0:
            self._backward += 1
            return
        self._intervals.append(seconds)
        if fps is not None and seconds * fps > _LATE_PERIODS:
            self._missed += round(seconds * fps) - 1

    def interrupt(self) -> None:
        """Take the next image for the first one of a new connection: the time before it is no interval."""
        with self._lock:
            self._last_stamp_nanos = None

    def period(self) -> float | None:
        """Return the median interval between the newest images, s; None without one."""
        with self._lock:
            return float(np.median(list(self._intervals)[-64:])) if self._intervals else None

    def report(self) -> FrameReport:
        """Return what happened since the last report."""
        with self._lock:
            now = self._now()
            report = FrameReport(
                seconds=now - self._since,
                intervals=tuple(self._intervals),
                latencies=tuple(self._latencies),
                published=self._published,
                missed=self._missed,
                backward_stamps=self._backward,
                size_wh=self._size_wh,
                encoding=self._encoding,
                recent=self._published - self._reported,
                recent_backward_stamps=self._backward - self._reported_backward,
            )
            self._since = now
            self._reported, self._reported_backward = self._published, self._backward
            self._intervals.clear()
            self._latencies.clear()
        return report
