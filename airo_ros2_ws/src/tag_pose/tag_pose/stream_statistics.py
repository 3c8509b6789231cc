"""What happened to the frames of a stream, counted."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

__all__ = ["StreamCounts", "StreamReport", "TagStatistics"]

MAX_SAMPLES = 4096  # of one report: several seconds of the fastest camera


@dataclass(frozen=True)
class StreamCounts:
    """Since the node was started.

    Attributes:
        processed: frames whose tags were published.
        dropped: frames between those that were taken: older than the newest, or lost.
        skipped: frames that were left out on purpose (max_rate, every_nth).
        overwritten: frames that the camera reused before they were read; they count as dropped, too.
        repeated: frames that a camera in lockstep sent once more.
        tags: published.
        rejected: candidates that did not pass max_hamming and min_decision_margin.
        whole: frames that were searched as a whole.
        retries: times that the library failed and was asked again.
        failures: times that it failed again, so that the image, or a part of it, counted as empty.
        unusable: frames that hold no picture that tags can be seen in.
    """

    processed: int = 0
    dropped: int = 0
    skipped: int = 0
    overwritten: int = 0
    repeated: int = 0
    tags: int = 0
    rejected: int = 0
    whole: int = 0
    retries: int = 0
    failures: int = 0
    unusable: int = 0


@dataclass(frozen=True)
class StreamReport:
    """One period of a stream.

    Attributes:
        seconds: how long it was.
        counts: since the node was started.
        recent: of this period alone.
        latencies: s, from the acquisition of each frame until its tags were published.
        detector_times: s, spent in the detector and on the poses, for each frame.
    """

    seconds: float
    counts: StreamCounts
    recent: StreamCounts
    latencies: tuple[float, ...]
    detector_times: tuple[float, ...]


class TagStatistics:
    """Counts in any thread; report() begins a new period.

    Args:
        now: s, a clock that only goes forward.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._since = now()
        self._counts = self._reported = StreamCounts()
        self._times: deque[tuple[float, float]] = deque(maxlen=MAX_SAMPLES)  # latency and detector time, s

    def add(self, **counts: int) -> None:
        """Count, by the names of StreamCounts."""
        with self._lock:
            self._add(counts)

    def add_frame(self, *, latency: float, detector_time: float, **counts: int) -> None:
        """Count a frame whose tags were published.

        Args:
            latency: s, from acquisition until now.
            detector_time: s.
            counts: what else there is to count.
        """
        with self._lock:
            self._times.append((latency, detector_time))
            self._add({"processed": 1, **counts})

    def report(self) -> StreamReport:
        """Return what happened since the last report."""
        with self._lock:
            now, times = self._now(), list(self._times)
            recent = StreamCounts(
                **{name: count - getattr(self._reported, name) for name, count in vars(self._counts).items()}
            )
            report = StreamReport(
                seconds=now - self._since,
                counts=self._counts,
                recent=recent,
                latencies=tuple(latency for latency, _ in times),
                detector_times=tuple(detector_time for _, detector_time in times),
            )
            self._since, self._reported = now, self._counts
            self._times.clear()
        return report

    def _add(self, counts: dict[str, int]) -> None:
        self._counts = replace(
            self._counts, **{name: getattr(self._counts, name) + count for name, count in counts.items() if count}
        )
