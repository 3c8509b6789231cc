"""The rays of the corners of tags whose edges the lens bends.

A detector fits a straight line to each edge of a tag and calls the crossings of these lines the corners. Where the lens
bends the edges the crossings lie beside the corners, at 48 px and a usual wide lens by as much as the detector's noise.
The bend is known, so it can be taken back.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from tag_pose.lens import project, rays_through

__all__ = ["corner_rays"]

# Where edges are sampled, as the detectors do: evenly, and not at the corners.
SAMPLES = (np.arange(8) + 0.5) / 8


def corner_rays(
    corners: NDArray[np.float64], *, intrinsics: Intrinsics, are_crossings: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rays of tags' corners, and how the pixels move with them.

    Args:
        corners: (N, 4, 2) float64, px, in order around each tag, in the raw image.
        intrinsics: of the raw image; its distortion is used.
        are_crossings: they are crossings of lines fitted to the edges; otherwise the corners themselves.

    Returns:
        rays: (N, 4, 2) float64, x and y at z = 1; nan where the lens model shows no ray.
        pixels_by_ray: (N, 4, 2, 2) float64, px.

    Raises:
        PoseInputError: the distortion model is unknown.
    """
    rays, pixels_by_ray = rays_through(corners.reshape(-1, 2), intrinsics=intrinsics)
    rays, pixels_by_ray = rays.reshape(-1, 4, 2), pixels_by_ray.reshape(-1, 4, 2, 2)
    if not (are_crossings and len(rays) and intrinsics.distortion.any()):
        return rays, pixels_by_ray
    with np.errstate(all="ignore"):
        offsets = _crossings(rays, intrinsics) - project(rays.reshape(-1, 2), intrinsics=intrinsics).reshape(-1, 4, 2)
        shifts = np.linalg.solve(np.where(np.isfinite(pixels_by_ray), pixels_by_ray, np.eye(2)), offsets[..., None])
    return rays - shifts[..., 0], pixels_by_ray


def _crossings(rays: NDArray[np.float64], intrinsics: Intrinsics) -> NDArray[np.float64]:
    """Return where lines fitted to the bent edges of tags cross, px, (N, 4, 2)."""
    next_rays = np.roll(rays, -1, axis=1)
    along = rays[:, :, None] + SAMPLES[:, None] * (next_rays - rays)[:, :, None]
    pixels = project(along.reshape(-1, 2), intrinsics=intrinsics).reshape(along.shape)
    means = pixels.mean(axis=2)
    x, y = np.moveaxis(pixels - means[:, :, None], -1, 0)
    angles = np.arctan2(2 * (x * y).sum(axis=2), (x * x - y * y).sum(axis=2)) / 2
    normals = np.stack([-np.sin(angles), np.cos(angles)], axis=-1)  # of the line from each corner to the next
    distances = (normals * means).sum(axis=-1)
    lines = np.stack([np.roll(normals, 1, axis=1), normals], axis=-2)
    both = np.stack([np.roll(distances, 1, axis=1), distances], axis=-1)
    determinants = lines[..., 0, 0] * lines[..., 1, 1] - lines[..., 0, 1] * lines[..., 1, 0]
    across = both[..., 0] * lines[..., 1, 1] - both[..., 1] * lines[..., 0, 1]
    down = lines[..., 0, 0] * both[..., 1] - lines[..., 1, 0] * both[..., 0]
    return np.asarray(np.stack([across, down], axis=-1) / determinants[..., None])
