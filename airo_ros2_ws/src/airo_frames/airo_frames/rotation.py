"""Rotations as matrices and as quaternions (x, y, z, w)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["angle_between", "quaternion_xyzw", "rotation_matrix"]

ROUNDING = 1e-12


def quaternion_xyzw(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the unit quaternion of a rotation.

    Args:
        rotation: (3, 3) float64, orthonormal.

    Returns:
        (4,) float64, x y z w. Of the two equal quaternions the one whose last number other than 0 is positive (w >= 0).

    Source: S. W. Shepperd, Quaternion from rotation matrix, 1978: divides by the largest of the four, not a small one.
    """
    trace = np.trace(rotation)
    squares = np.array([*(1 - trace + 2 * np.diag(rotation)), 1 + trace])  # 4 x^2, 4 y^2, 4 z^2, 4 w^2
    products = np.empty((4, 4))  # 4 q q^T
    products[:3, :3] = rotation + rotation.T
    products[:3, 3] = products[3, :3] = [
        rotation[2, 1] - rotation[1, 2],
        rotation[0, 2] - rotation[2, 0],
        rotation[1, 0] - rotation[0, 1],
    ]
    products[np.diag_indices(4)] = squares
    quaternion: NDArray[np.float64] = products[np.argmax(squares)]
    quaternion = quaternion / np.linalg.norm(quaternion)
    quaternion[np.abs(quaternion) < ROUNDING] = 0.0  # its sign would be noise
    last = quaternion[np.flatnonzero(quaternion)[-1]]
    return np.asarray(quaternion * np.sign(last) + 0.0, dtype=np.float64)  # + 0.0: no negative zeros


def rotation_matrix(quaternion: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rotation of a quaternion.

    Args:
        quaternion: (4,) float64: x, y, z, w; of any length above 0.

    Returns:
        (3, 3) float64.
    """
    x, y, z, w = quaternion / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def angle_between(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return the angle of the rotation that leads from one (3, 3) rotation to another, radians, 0 to pi."""
    between = one.T @ other
    axis = [between[2, 1] - between[1, 2], between[0, 2] - between[2, 0], between[1, 0] - between[0, 1]]
    return float(np.arctan2(np.linalg.norm(axis), np.trace(between) - 1))
