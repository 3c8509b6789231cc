"""The two poses that explain the image of a square."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["MIN_AREA_PX2", "is_square_image", "square_poses", "tag_corners"]

MIN_AREA_PX2 = 1.0
CORNERS = np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]])
NEAREST_DEPTH = 1e-6  # m: what is nearer lies in the camera


def tag_corners(tag_sizes: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return tags' corners in their own frames, m: bottom-left, bottom-right, top-right, top-left.

    Args:
        tag_sizes: m, any shape.

    Returns:
        (..., 4, 3) float64.
    """
    return np.asarray(np.asarray(tag_sizes, dtype=np.float64)[..., None, None] / 2 * CORNERS)


def is_square_image(corners: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which corners are a convex quadrilateral of some area in the order of a tag that faces the camera.

    Args:
        corners: (N, 4, 2) float64, px.
    """
    with np.errstate(all="ignore"):
        sides = np.roll(corners, -1, axis=1) - corners
        next_sides = np.roll(sides, -1, axis=1)
        # Around a tag that faces the camera every turn has this sign in pixels, whose y points down.
        turns = sides[..., 1] * next_sides[..., 0] - sides[..., 0] * next_sides[..., 1]
        return np.asarray((turns > 0).all(axis=1) & (turns.sum(axis=1) / 4 >= MIN_AREA_PX2) & np.isfinite(turns).all(1))


def square_poses(
    rays: NDArray[np.float64], *, tag_sizes: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two poses for each square, as starts of a refinement.

    Args:
        rays: (N, 4, 2) float64, x and y at z = 1 of each corner: bottom-left, bottom-right, top-right, top-left.
        tag_sizes: (N,) float64, m.

    Returns:
        rotations: (N, 2, 3, 3) float64, camera from tag.
        translations: (N, 2, 3) float64, m. Not finite where there is no pose.

    Source: T. Collins and A. Bartoli, Infinitesimal Plane-Based Pose Estimation, 2014: the homography of the square
    gives the image of its centre and the derivative there, which two rotations explain; the translation is linear.
    """
    with np.errstate(all="ignore"):
        homographies = _homographies(rays)
        rotations = _rotations(homographies)
        translations = _translations(rays, rotations)
    return rotations, translations * tag_sizes[:, None, None] / 2


def _homographies(rays: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N, 3, 3) homographies from the square of corners (+-1, +-1) to the rays, 1 in the last place.

    Source: P. Heckbert, Fundamentals of Texture Mapping and Image Warping, 1989, 2.2.3.
    """
    first, second, third, fourth = (rays[:, index] for index in range(4))
    one, other = second - third, fourth - third
    closing = first - second + third - fourth
    determinant = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    across = ((closing[:, 0] * other[:, 1] - closing[:, 1] * other[:, 0]) / determinant)[:, None]
    up = ((one[:, 0] * closing[:, 1] - one[:, 1] * closing[:, 0]) / determinant)[:, None]
    of_unit_square = np.ones((len(rays), 3, 3))
    of_unit_square[:, :2, 0] = second - first + across * second
    of_unit_square[:, :2, 1] = fourth - first + up * fourth
    of_unit_square[:, :2, 2] = first
    of_unit_square[:, 2, :2] = np.concatenate([across, up], axis=1)
    homographies = of_unit_square @ np.array([[0.5, 0.0, 0.5], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])
    return np.asarray(homographies / homographies[:, 2:, 2:])


def _rotations(homographies: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the two rotations that explain the centre of a square and the derivative there, (N, 2, 3, 3)."""
    centres = homographies[:, :2, 2]
    derivative = homographies[:, :2, :2] - centres[:, :, None] * homographies[:, 2:, :2]
    towards = _rotations_to(centres)  # the line of sight becomes the z axis
    flattened = towards[:, :2, :2] - centres[:, :, None] * towards[:, 2:, :2]
    affine = np.linalg.solve(np.where(np.isfinite(flattened), flattened, np.eye(2)), derivative)
    gram = affine @ affine.transpose(0, 2, 1)
    mean, half = (gram[:, 0, 0] + gram[:, 1, 1]) / 2, (gram[:, 0, 0] - gram[:, 1, 1]) / 2
    largest = np.sqrt(mean + np.hypot(half, gram[:, 0, 1]))
    upper = affine / largest[:, None, None]  # of the rotation: its first two rows and columns
    left = np.eye(2) - upper.transpose(0, 2, 1) @ upper
    lower = np.sqrt(
        np.maximum(np.diagonal(left, axis1=1, axis2=2), 0.0)
    )  # the first two of the third row, up to a sign
    lower[:, 1] = np.where(left[:, 0, 1] < 0, -lower[:, 1], lower[:, 1])
    local = np.empty((len(homographies), 2, 3, 3))
    local[..., :2, :2] = upper[:, None]
    local[:, 0, 2, :2], local[:, 1, 2, :2] = lower, -lower
    local[..., 2] = np.cross(local[..., 0], local[..., 1])
    return np.asarray(towards[:, None] @ local)


def _rotations_to(centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the smallest rotations that turn the z axis to (x, y, 1), (N, 3, 3)."""
    directions = np.concatenate([centres, np.ones((len(centres), 1))], axis=1)
    x, y, z = (directions / np.linalg.norm(directions, axis=1, keepdims=True)).T
    rotations = np.empty((len(centres), 3, 3))
    rotations[:, 0, 0], rotations[:, 0, 1], rotations[:, 0, 2] = 1 - x * x / (1 + z), -x * y / (1 + z), x
    rotations[:, 1, 0], rotations[:, 1, 1], rotations[:, 1, 2] = -x * y / (1 + z), 1 - y * y / (1 + z), y
    rotations[:, 2, 0], rotations[:, 2, 1], rotations[:, 2, 2] = -x, -y, z
    return rotations


def _translations(rays: NDArray[np.float64], rotations: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the translations that bring the corners (+-1, +-1) nearest to their rays, (N, 2, 3), by linear squares."""
    arms = CORNERS @ rotations.transpose(0, 1, 3, 2)  # (N, 2, 4, 3)
    seen = rays[:, None]
    # x_ray (z + t_z) = x + t_x: four equations for t_x and t_z, four for t_y and t_z.
    right_sides = seen * arms[..., 2:] - arms[..., :2]
    ray_sums, squares = seen.sum(axis=2), np.square(seen).sum(axis=(2, 3))
    sums, products = right_sides.sum(axis=2), (seen * right_sides).sum(axis=(2, 3))
    depths = ((ray_sums * sums).sum(axis=-1) / 4 - products) / (squares - np.square(ray_sums).sum(axis=-1) / 4)
    across = (sums + ray_sums * depths[..., None]) / 4
    return np.concatenate([across, depths[..., None]], axis=-1)
