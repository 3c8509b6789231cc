"""How uncertain the pose of one tag is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["corner_sigma", "pose_covariance"]

# Standard deviation of one corner coordinate against the length of the tag's sides, both px; measured on rendered tags.
SIDES_PX = (16.0, 20.0, 24.0, 32.0, 48.0, 96.0)
SIGMAS_PX = (0.14, 0.11, 0.08, 0.06, 0.05, 0.04)
MAX_CONDITION = 1e12


def corner_sigma(corners: NDArray[np.float64]) -> float:
    """Return the standard deviation of each coordinate of a tag's corners, px, from the mean length of its sides.

    Args:
        corners: (4, 2) float64, px, in order around the tag.
    """
    side = np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1).mean()
    return float(np.interp(side, SIDES_PX, SIGMAS_PX))


def pose_covariance(
    points_in_tag: NDArray[np.float64],
    *,
    camera_from_tag: NDArray[np.float64],
    pixels_by_point: NDArray[np.float64],
    sigma: float,
) -> NDArray[np.float64] | None:
    """Return the covariance of a pose that was fitted to pixels by least squares: sigma^2 (J^T J)^-1.

    Args:
        points_in_tag: (N, 3) float64, m.
        camera_from_tag: (4, 4) float64.
        pixels_by_point: (N, 2, 3) float64, px per m: derivative of each pixel by its point in the camera frame.
        sigma: px, standard deviation of each coordinate of the pixels.

    Returns:
        (6, 6) float64 in the order of geometry_msgs: x, y, z (m), rotation about x, y, z (rad). Rotations are about the
        axes of the camera frame through the tag's origin: R_true = exp(rotation) R. None when the pixels do not
        determine the pose.
    """
    arms = points_in_tag @ camera_from_tag[:3, :3].T  # from the tag's origin to each point, camera frame
    # d(exp(w) R p)/dw = -[R p]_x, so each pixel turns with the cross product of the axes and its arm.
    by_rotation = np.stack([pixels_by_point @ np.cross(axis, arms)[:, :, None] for axis in np.eye(3)], axis=-1)
    jacobian = np.concatenate([pixels_by_point, by_rotation[:, :, 0, :]], axis=-1).reshape(-1, 6)
    # Metres and radians differ in scale: columns of unit length make the condition say something.
    scales = np.linalg.norm(jacobian, axis=0)
    if not (np.isfinite(scales).all() and (scales > 0).all()):
        return None
    normal = (jacobian / scales).T @ (jacobian / scales)
    if np.linalg.cond(normal) > MAX_CONDITION:
        return None
    covariance = sigma**2 * np.linalg.inv(normal) / np.outer(scales, scales)
    return np.asarray((covariance + covariance.T) / 2, dtype=np.float64)
