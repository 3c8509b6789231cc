"""From acquisition times to presentation times that only grow."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MIN_STEP_MICROS", "Placed", "Timeline"]

MIN_STEP_MICROS = 1000  # Matroska counts milliseconds, and two pictures may not share one
FORWARD_STEP_NANOS = 60_000_000_000  # a stamp this much ahead of the time that really passed is a step of the clock


@dataclass(frozen=True)
class Placed:
    """Where a frame stands in a file.

    Attributes:
        pts_micros: presentation time, µs since the beginning of the file.
        step_nanos: by how much the camera's clock stepped before this frame; 0 for not at all.
    """

    pts_micros: int
    step_nanos: int = 0


class Timeline:
    """Presentation times of the frames of one file: their acquisition times, since that of the first.

    Where the camera's clock steps, the time that passed by the recorder's own clock takes the place of the
    difference, so that the video plays on at true speed.
    """

    def __init__(self) -> None:
        self._origin: int | None = None  # stamp that is time 0 of the file, ns, as corrected by the steps so far
        self._last_stamp = 0
        self._last_monotonic = 0
        self._last_pts = -MIN_STEP_MICROS

    def place(self, stamp_nanos: int, monotonic_nanos: int) -> Placed:
        """Return where the next frame stands.

        Args:
            stamp_nanos: acquisition time, ns since the epoch.
            monotonic_nanos: when it was received, ns of a clock that never steps.
        """
        step = 0
        if self._origin is None:
            self._origin = stamp_nanos
        else:
            passed = monotonic_nanos - self._last_monotonic
            jump = stamp_nanos - self._last_stamp
            if jump < 0 or jump - passed > FORWARD_STEP_NANOS:
                step = jump - passed
                self._origin += step
        pts = max((stamp_nanos - self._origin) // 1000, self._last_pts + MIN_STEP_MICROS)
        self._last_stamp, self._last_monotonic, self._last_pts = stamp_nanos, monotonic_nanos, pts
        return Placed(pts, step)
