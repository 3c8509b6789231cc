"""Coloured points, and making them from an image with depth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_frames.exceptions import ArrayContractError
from airo_frames.intrinsics import Intrinsics

__all__ = ["PointCloud", "colored_point_cloud", "unproject"]

_ROWS = 32


@dataclass(frozen=True, eq=False)
class PointCloud:
    """Points in the optical frame of a camera (x right, y down, z forward), with the names of airo-mono.

    Attributes:
        points: (N, 3) float32, m.
        colors: (N, 3) uint8 RGB, None when the points have no colours.
        attributes: more of each point, (N, ...), by name; functions of airo_camera_toolkit look for it.
    """

    points: NDArray[np.float32]
    colors: NDArray[np.uint8] | None = None
    attributes: dict[str, NDArray[Any]] | None = None


def unproject(depth: NDArray[np.float32], *, intrinsics: Intrinsics) -> NDArray[np.float32]:
    """Return the points that the pixels of a depth image see.

    Args:
        depth: (H, W) float32, m along the optical axis; NaN where it is not known.
        intrinsics: of the depth image; distortion is taken out.

    Returns:
        (H, W, 3) float32, m, x right, y down, z forward; all NaN where the depth is. New array.

    Raises:
        ArrayContractError: `depth` has another shape or dtype.
    """
    if depth.ndim != 2 or depth.dtype != np.float32:
        raise ArrayContractError(f"got a depth image of shape {depth.shape}, {depth.dtype}: expected (H, W) float32")
    height, width = depth.shape
    ray_x, ray_y = _rays(intrinsics, (width, height))
    points = np.empty((height, width, 3), np.float32)
    for first in range(0, height, _ROWS):  # so few that what is written three times stays in the processor's cache
        rows = slice(first, first + _ROWS)
        np.multiply(depth[rows], ray_x[rows] if len(ray_x) > 1 else ray_x, out=points[rows, :, 0])
        np.multiply(depth[rows], ray_y[rows], out=points[rows, :, 1])
        points[rows, :, 2] = depth[rows]
    return points


def colored_point_cloud(
    depth: NDArray[np.float32],
    rgb: NDArray[np.uint8] | None,
    *,
    intrinsics: Intrinsics,
    organized: bool = False,
) -> PointCloud:
    """Return the points that an image with depth sees, in the order of its pixels, row by row.

    Args:
        depth: (H, W) float32, m along the optical axis; NaN where it is not known.
        rgb: (H, W, 3) uint8 RGB of the same pixels, None for points without colours.
        intrinsics: of both; distortion is taken out.
        organized: keep a point for each pixel, NaN where the depth is; otherwise points without depth are left out.

    Returns:
        New arrays.

    Raises:
        ArrayContractError: shapes or dtypes are others.
    """
    points = unproject(depth, intrinsics=intrinsics).reshape(-1, 3)
    if rgb is not None and (rgb.shape != (*depth.shape, 3) or rgb.dtype != np.uint8):
        raise ArrayContractError(
            f"got colours of shape {rgb.shape}, {rgb.dtype}: expected {(*depth.shape, 3)} uint8, as the depth image"
        )
    colors = None if rgb is None else rgb.reshape(-1, 3)
    is_known = np.isfinite(depth)
    if not organized and not is_known.all():
        known = np.flatnonzero(is_known)
        return PointCloud(points.take(known, axis=0), None if colors is None else colors.take(known, axis=0))
    return PointCloud(points, None if colors is None else colors.copy())


@lru_cache(maxsize=4)
def _rays(intrinsics: Intrinsics, size_wh: tuple[int, int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return x and y at z = 1 m of the ray of each pixel, in shapes that broadcast to (H, W)."""
    width, height = size_wh
    matrix = intrinsics.camera_matrix
    if not intrinsics.distortion.any() and matrix[0, 1] == 0:
        across = (np.arange(width) - matrix[0, 2]) / matrix[0, 0]
        down = (np.arange(height) - matrix[1, 2]) / matrix[1, 1]
        return across.astype(np.float32)[None, :], down.astype(np.float32)[:, None]
    from airo_frames.rays import rays_through  # OpenCV is loaded only for lenses with distortion

    pixels = np.stack(np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)), axis=-1)
    rays = rays_through(pixels, intrinsics=intrinsics).astype(np.float32)
    return np.ascontiguousarray(rays[..., 0]), np.ascontiguousarray(rays[..., 1])
