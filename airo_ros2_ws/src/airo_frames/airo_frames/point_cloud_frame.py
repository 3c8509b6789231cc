"""A point cloud that a camera published, with its time, number and frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from airo_frames.exceptions import EncodingError, FrameOverwrittenError
from airo_frames.intrinsics import Intrinsics
from airo_frames.message_head import copy_head
from airo_frames.point_cloud import PointCloud
from airo_frames.shared_view import SharedView

if TYPE_CHECKING:
    from typing_extensions import Self

    from rclpy_loans.sample import Sample

__all__ = ["PointCloudFrame"]


@dataclass(frozen=True, eq=False)
class PointCloudFrame(SharedView):
    """A point cloud of a camera.

    Memory: the arrays are read-only views of the camera's shared slot when `is_zero_copy`. They can always be read
    without harm; their content is this cloud until the camera reuses the slot, as `is_valid()` tells.

    Attributes:
        points: (N, 3) float32, m, in the optical frame (x right, y down, z forward).
        colors: (N, 3) uint8 RGB, None when the points have no colours.
        stamp_nanos: acquisition time, ns since the epoch.
        sequence: number of the camera's frame that the cloud belongs to.
        frame_id: optical frame of the camera.
        intrinsics: of the image that the points were made from, None when they are not known.
        is_zero_copy: the arrays lie in the shared memory that the camera wrote.
    """

    points: NDArray[np.float32]
    colors: NDArray[np.uint8] | None
    stamp_nanos: int
    sequence: int
    frame_id: str
    intrinsics: Intrinsics | None
    is_zero_copy: bool = False
    _sample: Sample | None = None  # tells whether the slot is still ours; None for a copy

    @classmethod
    def from_sample(cls, sample: Sample) -> Self:
        """Return a view of a PointCloud message.

        Raises:
            EncodingError: the message claims more points than it holds.
            FrameOverwrittenError: the camera reused the slot before its head was read.
        """
        head = copy_head(sample)
        if not sample.is_valid():
            raise FrameOverwrittenError(f"a cloud on {sample.topic} was overwritten before it could be looked at")
        fixed = head.fixed
        numbers = 3 * int(fixed.fields["count"])
        if numbers > sample.data["points"].size:
            raise EncodingError(
                f"a cloud on {sample.topic} claims {fixed.fields['count']} points: expected at most "
                f"{sample.data['points'].size // 3}"
            )
        return cls(
            points=sample.data["points"][:numbers].reshape(-1, 3),
            colors=sample.data["colors"][:numbers].reshape(-1, 3) if fixed.fields["has_colors"] else None,
            stamp_nanos=head.stamp_nanos,
            sequence=head.sequence,
            frame_id=fixed.frame_id,
            intrinsics=fixed.intrinsics,
            is_zero_copy=sample.is_zero_copy,
            _sample=sample,
        )

    @property
    def cloud(self) -> PointCloud:
        """The points and their colours alone.

        Memory: as the frame's arrays.
        """
        return PointCloud(self.points, self.colors)

    def copy(self) -> Self:
        """Return a cloud whose arrays are new ones, yours to keep.

        Raises:
            FrameOverwrittenError: the camera reused the slot before the copy was complete.
        """
        colors = None if self.colors is None else self.colors.copy()
        copied = replace(self, points=self.points.copy(), colors=colors, is_zero_copy=False, _sample=None)
        self.check_valid()
        return copied
