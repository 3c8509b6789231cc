"""The result of one frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from airo_frames import Frame
from tag_pose.bundle_pose import LocatedBundle
from tag_pose.observation import DetectedTag
from tag_pose.tag_table import TagTable

__all__ = ["TaggedFrame"]


@dataclass(frozen=True, eq=False)
class TaggedFrame:
    """The result of one frame.

    Attributes:
        frame: without its pixels' validity: only its head is used.
        tags: what was found in it.
        bundles: those of which a tag was found.
        detector_time: s, spent in the detector and on the poses.
        gray: (H, W) uint8, what the detector saw, in memory of our own.
        rejected: candidates that did not pass the settings.
        table: what is known of single tags.
    """

    frame: Frame
    tags: Sequence[DetectedTag]
    bundles: Sequence[LocatedBundle]
    detector_time: float
    gray: NDArray[np.uint8]
    rejected: int
    table: TagTable
