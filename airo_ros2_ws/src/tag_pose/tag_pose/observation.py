"""One tag as it was seen in one image, without and with a pose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tag_pose.covariance import REFINED, corner_sigmas
from tag_pose.pose import PoseEstimate
from tag_pose.tag_name import TagName

__all__ = ["DetectedTag", "TagObservation", "sigmas_of"]


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
        is_refined: the corners were measured anew after the library had found the tag.

    Memory: both arrays are read-only copies of what was given.
    """

    tag_id: int
    family: str
    hamming: int
    decision_margin: float
    center: NDArray[np.float64]
    corners: NDArray[np.float64]
    is_refined: bool = False

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


def sigmas_of(observations: Sequence[TagObservation], *, backend: str) -> NDArray[np.float64]:
    """Return the standard deviations of the coordinates of tags' corners in sharp images with little noise, px, (N,).

    Args:
        observations: one or more.
        backend: the library that found them.
    """
    corners = np.stack([observation.corners for observation in observations])
    is_refined = np.array([observation.is_refined for observation in observations])
    return np.where(is_refined, corner_sigmas(corners, backend=REFINED), corner_sigmas(corners, backend=backend))
