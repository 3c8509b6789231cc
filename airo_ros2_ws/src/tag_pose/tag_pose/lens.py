"""A camera's lens: the rays that are seen at some pixels, and how far a pixel moves when its ray does."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from tag_pose.exceptions import PoseInputError

__all__ = ["check_distortion_model", "is_known_model", "project", "rays_through"]

PINHOLE_MODELS = ("", "plumb_bob", "rational_polynomial")
FISHEYE_MODEL = "equidistant"  # of sensor_msgs; cv2.fisheye's model of Kannala and Brandt
PINHOLE_SIZES = (4, 5, 8, 12, 14)  # coefficients that OpenCV takes
FISHEYE_SIZE = 4
# Undistortion is iterative; these end far below a thousandth of a pixel.
CRITERIA = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 60, 1e-10)
MAX_ROUND_TRIP_PX = 0.01
STEP = 1e-5  # of the central differences, in a function that is smooth over tenths


def check_distortion_model(intrinsics: Intrinsics) -> None:
    """Raise PoseInputError unless pixels of this camera can be turned into rays."""
    model, coefficients = intrinsics.distortion_model, intrinsics.distortion
    if not coefficients.any() or model in PINHOLE_MODELS:
        return
    if model != FISHEYE_MODEL:
        expected = ", ".join(filter(None, (*PINHOLE_MODELS, FISHEYE_MODEL)))
        raise PoseInputError(
            f"distortion model is {model!r}: expected one of {expected}; rectify the images of other cameras"
        )
    if coefficients.size > FISHEYE_SIZE:
        raise PoseInputError(
            f"distortion model {model} has {coefficients.size} coefficients: expected {FISHEYE_SIZE} at most"
        )


def is_known_model(intrinsics: Intrinsics) -> bool:
    """Return whether pixels of this camera can be turned into rays."""
    try:
        check_distortion_model(intrinsics)
    except PoseInputError:
        return False
    return True


def project(rays: NDArray[np.float64], *, intrinsics: Intrinsics) -> NDArray[np.float64]:
    """Return the pixels at which rays are seen.

    Args:
        rays: (N, 2) float64, x and y at z = 1 in the camera frame.
        intrinsics: of the raw image; its distortion is used.

    Returns:
        (N, 2) float64, px, centre of the first pixel is (0, 0). New array.

    Raises:
        PoseInputError: the distortion model is unknown.
    """
    check_distortion_model(intrinsics)
    matrix = intrinsics.camera_matrix
    if not intrinsics.distortion.any():
        return np.asarray(rays * matrix[[0, 1], [0, 1]] + matrix[:2, 2])
    points = np.concatenate([rays, np.ones((len(rays), 1))], axis=1).reshape(-1, 1, 3)
    nowhere = np.zeros(3)
    if intrinsics.distortion_model == FISHEYE_MODEL:
        pixels, _ = cv2.fisheye.projectPoints(points, nowhere, nowhere, matrix, _coefficients(intrinsics))
    else:
        pixels, _ = cv2.projectPoints(points, nowhere, nowhere, matrix, _coefficients(intrinsics))
    return np.asarray(pixels, dtype=np.float64).reshape(-1, 2)


def rays_through(
    pixels: NDArray[np.float64], *, intrinsics: Intrinsics
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rays that are seen at some pixels, and how the pixels move with them.

    Args:
        pixels: (N, 2) float64, px, centre of the first pixel is (0, 0).
        intrinsics: of the raw image; its distortion is used.

    Returns:
        rays: (N, 2) float64, x and y at z = 1 in the camera frame; nan where no ray is seen at a pixel, because the
            lens model folds the image over there.
        pixels_by_ray: (N, 2, 2) float64, px: the derivative of each pixel by its ray.

    Raises:
        PoseInputError: the distortion model is unknown.
    """
    check_distortion_model(intrinsics)
    matrix = intrinsics.camera_matrix
    focal = matrix[[0, 1], [0, 1]]
    if not intrinsics.distortion.any():
        return np.asarray((pixels - matrix[:2, 2]) / focal), np.broadcast_to(np.diag(focal), (len(pixels), 2, 2))
    if len(pixels) == 0:
        return np.empty((0, 2)), np.empty((0, 2, 2))
    rays = _undistorted(np.ascontiguousarray(pixels, dtype=np.float64).reshape(-1, 1, 2), intrinsics)
    steps = STEP * np.array([[0.0, 0.0], [1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    seen = project((rays + steps[:, None]).reshape(-1, 2), intrinsics=intrinsics).reshape(5, -1, 2)
    is_wrong = ~(np.abs(seen[0] - pixels).max(axis=1) < MAX_ROUND_TRIP_PX)
    pixels_by_ray = np.stack([seen[1] - seen[2], seen[3] - seen[4]], axis=-1) / (2 * STEP)
    rays[is_wrong] = np.nan
    return rays, pixels_by_ray


def _undistorted(pixels: NDArray[np.float64], intrinsics: Intrinsics) -> NDArray[np.float64]:
    matrix, coefficients = intrinsics.camera_matrix, _coefficients(intrinsics)
    if intrinsics.distortion_model == FISHEYE_MODEL:
        rays = cv2.fisheye.undistortPoints(pixels, matrix, coefficients, criteria=CRITERIA)
    else:
        rays = cv2.undistortPointsIter(pixels, matrix, coefficients, np.eye(3), np.eye(3), CRITERIA)
    return np.array(rays, dtype=np.float64).reshape(-1, 2)


def _coefficients(intrinsics: Intrinsics) -> NDArray[np.float64]:
    """Return the distortion with zeros appended up to a length that OpenCV accepts."""
    coefficients = intrinsics.distortion
    sizes = (FISHEYE_SIZE,) if intrinsics.distortion_model == FISHEYE_MODEL else PINHOLE_SIZES
    size = next(size for size in sizes if size >= coefficients.size)
    return np.pad(coefficients, (0, size - coefficients.size))
