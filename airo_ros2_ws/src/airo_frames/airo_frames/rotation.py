"""Rotations as quaternions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["quaternion_xyzw"]


def quaternion_xyzw(rotation: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the unit quaternion of a rotation matrix, with w >= 0.

    Well-conditioned for all rotations: the eigenvector of the largest eigenvalue of a symmetric matrix made from the
    rotation (I. Bar-Itzhack, "New method for extracting the quaternion from a rotation matrix", 2000).

    Args:
        rotation: (3, 3) float64.

    Returns:
        (4,) float64: x, y, z, w.
    """
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rotation
    symmetric = np.array(
        [
            [xx - yy - zz, yx + xy, zx + xz, zy - yz],
            [yx + xy, yy - xx - zz, zy + yz, xz - zx],
            [zx + xz, zy + yz, zz - xx - yy, yx - xy],
            [zy - yz, xz - zx, yx - xy, xx + yy + zz],
        ]
    )
    quaternion: NDArray[np.float64] = np.linalg.eigh(symmetric)[1][:, -1]
    return -quaternion if quaternion[3] < 0 else quaternion
