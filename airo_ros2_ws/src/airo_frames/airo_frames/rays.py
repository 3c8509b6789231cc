"""From pixels to the rays they see, with distortion."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.exceptions import ArrayContractError
from airo_frames.intrinsics import Intrinsics

__all__ = ["rays_through"]

# Undistortion is iterative; these end far below a thousandth of a pixel.
_CRITERIA = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 50, 1e-10)
_MODELS = ("", "plumb_bob", "rational_polynomial")
_COEFFICIENT_COUNTS = (4, 5, 8, 12, 14)  # that OpenCV accepts


def rays_through(pixels_uv: NDArray[np.float64], *, intrinsics: Intrinsics) -> NDArray[np.float64]:
    """Return the camera-frame points at z = 1 m that are seen at some pixels.

    Args:
        pixels_uv: (..., 2) float64, px, centre of the first pixel is (0, 0).
        intrinsics: of the camera.

    Returns:
        (..., 2) float64, m: x and y of each point. New array.

    Raises:
        ArrayContractError: the lens has distortion of another model than plumb_bob and rational_polynomial.
    """
    matrix = intrinsics.camera_matrix
    if not intrinsics.distortion.any():
        return np.asarray((pixels_uv - matrix[:2, 2]) / matrix[[0, 1], [0, 1]])
    if intrinsics.distortion_model not in _MODELS:
        raise ArrayContractError(
            f"got distortion of the model {intrinsics.distortion_model!r}: expected one of {', '.join(_MODELS[1:])}; "
            "rectify the images first"
        )
    count = next(count for count in _COEFFICIENT_COUNTS if count >= intrinsics.distortion.size)
    distortion = np.pad(intrinsics.distortion, (0, count - intrinsics.distortion.size))
    flat = np.ascontiguousarray(pixels_uv).reshape(-1, 1, 2)
    rays = cv2.undistortPointsIter(flat, matrix, distortion, np.eye(3), np.eye(3), _CRITERIA)
    return np.asarray(rays, dtype=np.float64).reshape(pixels_uv.shape)
