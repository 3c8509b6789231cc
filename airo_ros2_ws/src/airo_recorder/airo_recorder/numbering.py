"""The numbers of a camera's frames as they come: what is missing, what is repeated, what begins anew."""

from __future__ import annotations

from airo_recorder.events import Events
from airo_recorder.frame_head import FrameHead
from airo_recorder.ledger import Ledger

__all__ = ["NOT_RECEIVED", "Numbering"]

NOT_RECEIVED = "not received"
MOST_MISSING = 100_000  # a larger gap in the numbers is no gap, but another camera


class Numbering:
    """Follows the numbers of one stream, in the thread that reads it.

    Args:
        camera: its name.
        noun: of what is numbered.
    """

    def __init__(self, camera: str, *, noun: str = "frame") -> None:
        self._camera = camera
        self._noun = noun
        self._last: tuple[int, int] | None = None  # number and stamp of the one before

    def forget(self) -> None:
        """Whatever comes next, nothing is missing before it."""
        self._last = None

    def is_new(self, head: FrameHead, *, ledger: Ledger | None, events: Events | None) -> bool:
        """Return False for what a camera in lockstep repeats; note the numbers that are missing before it.

        Args:
            head: of what has come.
            ledger: of the recording; None while there is none.
            events: of the recording; None while there is none.
        """
        last, self._last = self._last, (head.sequence, head.stamp_nanos)
        if last is None:
            return True
        if last == self._last:
            return False
        missing = head.sequence - last[0] - 1
        if head.sequence <= last[0] or missing > MOST_MISSING:
            if events is not None:
                text = f"{self._noun} {head.sequence} follows {last[0]}: the camera was restarted"
                events.add(text, camera=self._camera)
        elif ledger is not None:
            for number in range(last[0] + 1, head.sequence):
                ledger.add_missing(number, NOT_RECEIVED)
        return True
