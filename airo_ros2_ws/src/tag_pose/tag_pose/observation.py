"""One tag as it was seen in one image, without and with a pose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tag_pose.pose import PoseEstimate
from tag_pose.tag_name import TagName

__all__ = ["DetectedTag", "TagObservation"]


@dataclass(frozen=True, eq=False)
class TagObservation:
    """One tag in one image. Pixels follow OpenCV: the centre of the first pixel is (0, 0).

    Attributes:
        tag_id: number of the tag within its family.
        family: for example "tag36h11".
        hamming: bits that were corrected.
        decision_margin: mean contrast of the bits against their threshold; higher is surer.
        center: (2,) float64, px, where the diagonals of the tag cross.
        corners: (4, 2) float64, px, of the black border: bottom-left, bottom-right, top-right, top-left of the tag.

    Memory: both arrays are read-only copies of what was given.
    """

    tag_id: int
    family: str
    hamming: int
    decision_margin: float
    center: NDArray[np.float64]
    corners: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("center", "corners"):
            array = np.array(getattr(self, name), dtype=np.float64)
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def name(self) -> TagName:
        """Family and id."""
        return self.family, self.tag_id


@dataclass(frozen=True, eq=False)
class DetectedTag:
    """One tag in one image.

    Attributes:
        observation: where it is in the image.
        tag_size: m, edge of the black border; None when unknown.
        pose: where it is in the camera frame; None without intrinsics or size, or when its corners give no pose.
    """

    observation: TagObservation
    tag_size: float | None
    pose: PoseEstimate | None
