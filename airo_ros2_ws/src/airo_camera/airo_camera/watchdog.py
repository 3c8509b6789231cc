"""Telling a source that hangs from one that takes its time."""

from __future__ import annotations

from airo_camera.capture import Capture
from airo_camera.exceptions import SourceStalledError
from airo_camera.sources.source import Source

__all__ = ["Watchdog"]

CONNECT_SECS = 30.0  # opening takes longer than any backend's own timeouts
FIRST_IMAGE_SECS = 10.0  # cameras warm up
SHORTEST_SECS = 1.0


class Watchdog:
    """Judges a capture thread by how long it has been at one call. Sources of files are never judged.

    Args:
        capture: whose activity is watched.
        source: what it reads.
        periods: between two images, after which a call for the next one hangs.
        name: of the source, for the error.
    """

    def __init__(self, capture: Capture, source: Source, *, periods: int, name: str) -> None:
        self._capture = capture
        self._source = source
        self._periods = periods
        self._name = name

    def check(self, now: float) -> None:
        """Do nothing if the thread is alive and well.

        Args:
            now: s, monotonic.

        Raises:
            SourceStalledError: it hangs.
        """
        activity = self._capture.activity
        if not self._source.is_live or activity.doing == "waiting":
            return
        seconds, limit = now - activity.since, self._limit(activity.doing)
        if seconds > limit:
            raise SourceStalledError(
                f"{self._name} hangs: it has been {activity.doing} for {seconds:.1f} s, expected at most {limit:.1f} s"
            )

    def _limit(self, doing: str) -> float:
        if doing == "connecting":
            return CONNECT_SECS
        period = 1 / self._source.fps if self._source.fps else self._capture.statistics.period()
        return FIRST_IMAGE_SECS if period is None else max(SHORTEST_SECS, self._periods * period)
