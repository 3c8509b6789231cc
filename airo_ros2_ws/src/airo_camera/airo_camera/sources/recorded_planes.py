"""What a recording holds of one frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["RecordedPlanes", "confidence_from_steps", "depth_from_millimetres"]


@dataclass(frozen=True, eq=False)
class RecordedPlanes:
    """The pixels of a frame.

    Attributes:
        image: in the frame's encoding.
        depth: (height, width) float32, m, NaN where it is not known; None when it was not recorded.
        confidence: (height, width) float32, from 0 to 1; None when it was not recorded.
        right: the right view, of the image's encoding; None when it was not recorded.
    """

    image: NDArray[Any]
    depth: NDArray[np.float32] | None = None
    confidence: NDArray[np.float32] | None = None
    right: NDArray[Any] | None = None


def depth_from_millimetres(millimetres: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return (H, W) float32 depths in m; NaN where they are 0, as REP 118 says. New array."""
    return np.where(millimetres == 0, np.float32(np.nan), millimetres.astype(np.float32) / np.float32(1000))


def confidence_from_steps(steps: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (H, W) float32 confidences, from 0 to 1, of steps of 1/255. New array."""
    return steps.astype(np.float32) / np.float32(255)
