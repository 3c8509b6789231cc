"""One image of a camera, with its time, number, frame and intrinsics."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from airo_frames.exceptions import FrameOverwrittenError
from airo_frames.intrinsics import Intrinsics
from airo_frames.message_fields import read_pixels
from airo_frames.message_head import MessageHead, copy_head
from airo_frames.shared_view import SharedView
from airo_frames.view import as_rgb

if TYPE_CHECKING:
    from typing_extensions import Self

    from rclpy_loans.sample import Sample

__all__ = ["Frame"]


@dataclass(frozen=True, eq=False)
class Frame(SharedView):
    """One image of a camera.

    Memory: `image` and all views of it are read-only views of the camera's shared slot when `is_zero_copy`. They can
    always be read without harm; their content is this image until the camera reuses the slot, as `is_valid()` tells.
    `copy()` gives a frame that is yours to keep.

    Attributes:
        image: (height, width, 3) uint8 for rgb8 and bgr8, (height, width) uint8 for mono8, uint16 for 16UC1,
            float32 for 32FC1.
        encoding: one of airo_frames.encodings.ENCODINGS.
        stamp_nanos: acquisition time, ns since the epoch.
        sequence: number of the frame, from 1; a gap means frames that were not received.
        frame_id: optical frame of the camera (x right, y down, z forward).
        intrinsics: of this image, None when the camera is not calibrated.
        is_zero_copy: `image` lies in the shared memory that the camera wrote.
    """

    image: NDArray[Any]
    encoding: str
    stamp_nanos: int
    sequence: int
    frame_id: str
    intrinsics: Intrinsics | None
    is_zero_copy: bool = False
    _sample: Sample | None = None  # tells whether the slot is still ours; None for a copy

    @classmethod
    def from_sample(cls, sample: Sample) -> Self:
        """Return a view of a message: of the colour image of any family, or of all that the class shows.

        Raises:
            EncodingError: the message has an unknown encoding, or sizes that do not agree.
            FrameOverwrittenError: the camera reused the slot before its head was read.
        """
        head = copy_head(sample)
        if not sample.is_valid():
            raise FrameOverwrittenError(f"a frame on {sample.topic} was overwritten before it could be looked at")
        return cls(**cls._read(sample, head))

    @classmethod
    def _read(cls, sample: Sample, head: MessageHead) -> dict[str, Any]:
        """Return the attributes of a frame from its message and the copy of its head."""
        fixed = head.fixed
        return {
            "image": read_pixels(sample, "data", fixed),
            "encoding": fixed.encoding.name,
            "stamp_nanos": head.stamp_nanos,
            "sequence": head.sequence,
            "frame_id": fixed.frame_id,
            "intrinsics": fixed.intrinsics,
            "is_zero_copy": sample.is_zero_copy,
            "_sample": sample,
        }

    @property
    def size_wh(self) -> tuple[int, int]:
        """(width, height), px."""
        return int(self.image.shape[1]), int(self.image.shape[0])

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """(height, width, 3) uint8 RGB.

        Memory: view, for bgr8 with a negative stride; a new array for mono8.

        Raises:
            EncodingError: the encoding has no colours that could be shown as RGB.
        """
        return as_rgb(self.image, self.encoding)

    def copy(self) -> Self:
        """Return a frame whose arrays are new ones, yours to keep.

        Raises:
            FrameOverwrittenError: the camera reused the slot before the copy was complete.
        """
        copied = replace(self, **self._copied(), is_zero_copy=False, _sample=None)
        self.check_valid()
        return copied

    def _copied(self) -> dict[str, Any]:
        """Return copies of the attributes that are views."""
        return {"image": self.image.copy()}
