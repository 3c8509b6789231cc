"""Which frames of a stream are looked at."""

from __future__ import annotations

import math

from airo_frames.stamps import NANOS_PER_SEC
from tag_pose.exceptions import DetectorSettingError

__all__ = ["FrameGate"]


class FrameGate:
    """Lets every nth frame through, and no more than so many per second of the camera's time. For one thread at a time.

    Args:
        every_nth: at least so many frames further than the last one; 1 for each.
        max_rate: Hz, on average; 0 for no limit. Frames are never waited for: a frame passes when one is due.

    Raises:
        DetectorSettingError: a number is out of range.
    """

    def __init__(self, *, every_nth: int = 1, max_rate: float = 0.0) -> None:
        if every_nth < 1:
            raise DetectorSettingError(f"every_nth is {every_nth}: expected a whole number of at least 1")
        if not 0 <= max_rate < math.inf:
            raise DetectorSettingError(f"max_rate is {max_rate}: expected a number of at least 0, Hz")
        self._every_nth = every_nth
        self._period = round(NANOS_PER_SEC / max_rate) if max_rate else 0  # ns
        self._last: tuple[int, int] | None = None  # number and stamp of the frame that passed last
        self._due = 0  # ns, stamp of the next frame that may pass

    def admits(self, sequence: int, stamp_nanos: int) -> bool:
        """Return whether a frame passes; call it once for each frame, in order.

        Args:
            sequence: number of the frame. A smaller one than before means that the camera was restarted.
            stamp_nanos: acquisition time.
        """
        if self._last is not None and (sequence < self._last[0] or stamp_nanos < self._last[1]):
            self._last, self._due = None, 0
        if self._last is not None and (sequence - self._last[0] < self._every_nth or stamp_nanos < self._due):
            return False
        is_late = stamp_nanos - self._due >= self._period
        # Counted from when it was due, not from when it came: the average rate is kept although stamps jitter.
        self._due = (stamp_nanos if is_late else self._due) + self._period
        self._last = sequence, stamp_nanos
        return True
