"""Renders AprilTags with exactly known corners and poses, independently of the code under test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics

__all__ = ["PlacedTag", "edge_noise", "facing_camera", "render", "true_corners"]

BORDER_CELLS = 8  # edge of the black border of tag36h11, in cells
MARGIN_CELLS = 2  # white paper around the border
BLACK, WHITE, BACKGROUND = 30.0, 220.0, 110.0
DICTIONARY = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36H11)


@dataclass(frozen=True, eq=False)
class PlacedTag:
    """One tag36h11 in the world of a camera: (4, 4) camera_from_tag, size in metres."""

    tag_id: int
    tag_size: float
    camera_from_tag: NDArray[np.float64]


def facing_camera(
    position: Sequence[float], *, tilt: float = 0.0, tilt_axis: float = 0.0, roll: float = 0.0
) -> NDArray[np.float64]:
    """Return camera_from_tag of a tag that faces the camera upright, rolled in its plane, then tilted (all degrees)."""
    upright = np.diag([1.0, -1.0, -1.0])
    axis = np.array([np.cos(np.radians(tilt_axis)), np.sin(np.radians(tilt_axis)), 0.0])
    camera_from_tag = np.eye(4)
    camera_from_tag[:3, :3] = (
        cv2.Rodrigues(axis * np.radians(tilt))[0] @ upright @ cv2.Rodrigues(np.array([0.0, 0.0, np.radians(roll)]))[0]
    )
    camera_from_tag[:3, 3] = position
    return camera_from_tag


def true_corners(tag: PlacedTag, *, intrinsics: Intrinsics) -> NDArray[np.float64]:
    """Return the pixels of the black border: (4, 2) float64, bottom-left, bottom-right, top-right, top-left."""
    return _project(tag, _square(tag.tag_size / 2), intrinsics=intrinsics)


def edge_noise(corners: NDArray[np.float64], *, sigma: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return errors of (4, 2) corners, px, that are crossings of lines fitted to noisy edges; sigma across an edge."""
    middles, differences = rng.normal(0, sigma / 2, 4), rng.normal(0, np.sqrt(3) * sigma, 4)
    ways = np.roll(corners, -1, axis=0) - corners
    normals = np.stack([-ways[:, 1], ways[:, 0]], axis=1) / np.linalg.norm(ways, axis=1, keepdims=True)
    both = np.stack([normals, np.roll(normals, 1, axis=0)], axis=1)
    offsets = np.stack([middles - differences / 2, np.roll(middles + differences / 2, 1)], axis=1)
    return np.linalg.solve(both, offsets[..., None])[..., 0]


def render(
    tags: Sequence[PlacedTag],
    *,
    size_wh: tuple[int, int],
    intrinsics: Intrinsics,
    supersampling: int = 8,
    blur: float = 0.5,
    noise: float = 0.0,
    rng: np.random.Generator | None = None,
) -> NDArray[np.uint8]:
    """Return a (H, W) uint8 image: each pixel the mean over supersampling^2 rays, then blur, noise and rounding."""
    width, height = size_wh
    image = np.full((height, width), BACKGROUND)
    for tag in tags:
        board = _square(tag.tag_size / 2 * (1 + 2 * MARGIN_CELLS / BORDER_CELLS))
        outline = _project(tag, board, intrinsics=intrinsics)
        left, top = np.maximum(np.floor(outline.min(axis=0)).astype(int) - 2, 0)
        right, bottom = np.minimum(np.ceil(outline.max(axis=0)).astype(int) + 3, size_wh)
        if left < right and top < bottom:
            window = (slice(top, bottom), slice(left, right))
            image[window] = _window(tag, image[window], (left, top), intrinsics, supersampling)
    if blur > 0:
        image = cv2.GaussianBlur(image, (0, 0), blur)
    if noise > 0:
        image = image + (rng or np.random.default_rng(0)).normal(0.0, noise, image.shape)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _window(
    tag: PlacedTag, behind: NDArray[np.float64], left_top: tuple[int, int], intrinsics: Intrinsics, supersampling: int
) -> NDArray[np.float64]:
    height, width = behind.shape
    x, y = _rays(left_top, (width, height), intrinsics, supersampling)
    plane_from_rays = np.linalg.inv(tag.camera_from_tag[:3, [0, 1, 3]])
    right, up, scale = (row[0] * x + row[1] * y + row[2] for row in plane_from_rays)
    cells = _paper(tag.tag_id)
    cell_size = tag.tag_size / BORDER_CELLS
    column = np.floor(right / (scale * cell_size)).astype(int) + len(cells) // 2
    row = len(cells) // 2 - 1 - np.floor(up / (scale * cell_size)).astype(int)
    inside = (column >= 0) & (column < len(cells)) & (row >= 0) & (row < len(cells))
    fine = np.repeat(np.repeat(behind, supersampling, axis=0), supersampling, axis=1)
    fine[inside] = cells[row[inside], column[inside]]
    return fine.reshape(height, supersampling, width, supersampling).mean(axis=(1, 3))


def _rays(
    left_top: tuple[int, int], size_wh: tuple[int, int], intrinsics: Intrinsics, supersampling: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return x / z and y / z of the rays through a window of the image, in shapes that broadcast to all of them."""
    column, row = (
        start - 0.5 + (np.arange(count * supersampling) + 0.5) / supersampling
        for start, count in zip(left_top, size_wh, strict=True)
    )
    camera_matrix = intrinsics.camera_matrix
    if not intrinsics.distortion.any():
        x = (column - camera_matrix[0, 2]) / camera_matrix[0, 0]
        y = (row - camera_matrix[1, 2]) / camera_matrix[1, 1]
        return x[None, :], y[:, None]
    pixels = np.stack(np.meshgrid(column, row), axis=-1)
    rays = cv2.undistortPoints(pixels.reshape(-1, 1, 2), camera_matrix, intrinsics.distortion).reshape(pixels.shape)
    return rays[..., 0], rays[..., 1]


def _paper(tag_id: int) -> NDArray[np.float64]:
    # cv2.aruco stores these tags rotated by 180 degrees against the official bitmaps.
    bits = np.rot90(cv2.aruco.generateImageMarker(DICTIONARY, tag_id, BORDER_CELLS), 2) > 0
    return np.pad(np.where(bits, WHITE, BLACK), MARGIN_CELLS, constant_values=WHITE)


def _square(half: float) -> NDArray[np.float64]:
    return half * np.array([[-1.0, -1.0, 0.0], [1.0, -1.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 1.0, 0.0]])


def _project(tag: PlacedTag, points: NDArray[np.float64], *, intrinsics: Intrinsics) -> NDArray[np.float64]:
    rotation, _ = cv2.Rodrigues(tag.camera_from_tag[:3, :3])
    distortion = intrinsics.distortion if intrinsics.distortion.size else None
    pixels, _ = cv2.projectPoints(points, rotation, tag.camera_from_tag[:3, 3], intrinsics.camera_matrix, distortion)
    return pixels.reshape(-1, 2)
