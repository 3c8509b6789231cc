"""What every view of a shared message has: is it still this message?"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from airo_frames.exceptions import FrameOverwrittenError

if TYPE_CHECKING:
    from typing_extensions import Self

    from rclpy_loans.sample import Sample

__all__ = ["SharedView"]


class SharedView(ABC):
    """Base of frames and clouds."""

    sequence: int
    frame_id: str
    _sample: Sample | None  # tells whether the slot is still ours; None for a copy

    def is_valid(self) -> bool:
        """Return whether everything read from its arrays so far belongs to this frame."""
        return self._sample is None or self._sample.is_valid()

    def check_valid(self) -> None:
        """Do nothing if everything read from its arrays so far belongs to this frame.

        Raises:
            FrameOverwrittenError: the camera has reused the slot.
        """
        if not self.is_valid():
            raise FrameOverwrittenError(
                f"frame {self.sequence} of {self.frame_id or 'the camera'} was overwritten while it was read: "
                "read it sooner, use copy(), or give the camera a deeper history (parameter depth)"
            )

    @abstractmethod
    def copy(self) -> Self:
        """Return the same with new arrays, yours to keep.

        Raises:
            FrameOverwrittenError: the camera reused the slot before the copy was complete.
        """
