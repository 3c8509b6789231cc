"""A camera's lens: from points to pixels, with distortion; airo_frames.rays has the way back."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from airo_frames.rays import rays_through

__all__ = ["project", "round_trip_error"]


def project(points_in_camera: NDArray[np.float64], *, intrinsics: Intrinsics) -> NDArray[np.float64]:
    """Return the pixels at which camera-frame points are seen.

    Args:
        points_in_camera: (N, 3) float64, m, x right, y down, z forward, all in front of the camera.
        intrinsics: of the camera.

    Returns:
        (N, 2) float64, px, centre of the first pixel is (0, 0). New array.
    """
    zero = np.zeros(3)
    pixels, _ = cv2.projectPoints(
        points_in_camera.reshape(-1, 1, 3), zero, zero, intrinsics.camera_matrix, intrinsics.distortion
    )
    return np.asarray(pixels, dtype=np.float64).reshape(-1, 2)


def round_trip_error(*, size_wh: tuple[int, int], intrinsics: Intrinsics) -> float:
    """Return how far a pixel is from where its own ray is seen, px; large where distortion folds the image over.

    It is the largest over the border of the image, where distortion is strongest.
    """
    width, height = size_wh
    across, down = np.linspace(0.0, width - 1, 33), np.linspace(0.0, height - 1, 33)
    border = np.concatenate(
        [np.stack(np.broadcast_arrays(across, edge), axis=-1) for edge in (0.0, height - 1.0)]
        + [np.stack(np.broadcast_arrays(edge, down), axis=-1) for edge in (0.0, width - 1.0)]
    )
    rays = rays_through(border, intrinsics=intrinsics)
    points = np.concatenate([rays, np.ones((len(rays), 1))], axis=1)
    return float(np.abs(project(points, intrinsics=intrinsics) - border).max())
