"""Any camera image as the grey image that a detector looks at."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.encodings import ENCODINGS
from tag_pose.exceptions import DetectorImageError

__all__ = ["to_gray"]

CONVERSIONS = {"rgb8": cv2.COLOR_RGB2GRAY, "bgr8": cv2.COLOR_BGR2GRAY}
GRAY_ENCODINGS = (*CONVERSIONS, "mono8", "16UC1")


def to_gray(image: NDArray[Any], encoding: str) -> NDArray[np.uint8]:
    """Return the brightness of an image.

    Args:
        image: (H, W, 3) uint8 for rgb8 and bgr8, (H, W) uint8 for mono8, (H, W) uint16 for 16UC1; may be read-only.
        encoding: how the pixels are stored, one of airo_frames' encodings.

    Returns:
        (H, W) uint8. 16UC1 is stretched so that its darkest pixel becomes 0 and its brightest 255.
    Memory: mono8 is returned as it is, a view of whatever `image` views; all others are new arrays.

    Raises:
        DetectorImageError: no tags can be seen in that encoding (32FC1), or shape and dtype do not suit it.
    """
    if encoding not in GRAY_ENCODINGS:
        raise DetectorImageError(
            f"encoding is {encoding!r}: expected one of {', '.join(GRAY_ENCODINGS)} to find tags in"
        )
    _check_layout(image, encoding)
    if encoding == "mono8":
        return image
    if image.size == 0:
        return np.empty(image.shape[:2], dtype=np.uint8)
    if encoding == "16UC1":
        return _stretched(image)
    return np.asarray(cv2.cvtColor(image, CONVERSIONS[encoding]), dtype=np.uint8)


def _check_layout(image: NDArray[Any], encoding: str) -> None:
    expected = ENCODINGS[encoding]
    height, width = image.shape[:2] if image.ndim >= 2 else (0, 0)
    if image.shape != expected.shape((width, height)) or image.dtype != expected.dtype:
        shape = "(height, width)" if expected.channels == 1 else f"(height, width, {expected.channels})"
        raise DetectorImageError(
            f"{encoding} image has shape {image.shape} and dtype {image.dtype}: expected {shape} {expected.dtype}"
        )


def _stretched(image: NDArray[np.uint16]) -> NDArray[np.uint8]:
    darkest, brightest, _, _ = cv2.minMaxLoc(image)
    scale = 255.0 / max(brightest - darkest, 1.0)
    return np.asarray(cv2.convertScaleAbs(image, alpha=scale, beta=-darkest * scale), dtype=np.uint8)
