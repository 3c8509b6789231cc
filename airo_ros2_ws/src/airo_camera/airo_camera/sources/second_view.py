"""What the right lens of the simulated stereo camera sees."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_camera.sources.lens import project
from airo_camera.sources.scene import tag_corners
from airo_camera.sources.source import TagTruth
from airo_frames.intrinsics import Intrinsics
from airo_frames.rays import rays_through

__all__ = ["left_from_right", "seen_from_right", "wall_seen_from_right"]

_NO_MAP = np.empty((0, 0), dtype=np.float32)


def left_from_right(baseline: float) -> NDArray[np.float64]:
    """Return the (4, 4) pose of the right view in the left view, m: to its right, with parallel axes."""
    pose = np.eye(4)
    pose[0, 3] = baseline
    return pose


def seen_from_right(tags: tuple[TagTruth, ...], *, baseline: float, intrinsics: Intrinsics) -> tuple[TagTruth, ...]:
    """Return the same tags in the right view.

    Args:
        tags: in the left view.
        baseline: m, between the lenses.
        intrinsics: of the right view.
    """
    return tuple(_moved(tag, baseline=baseline, intrinsics=intrinsics) for tag in tags)


def _moved(tag: TagTruth, *, baseline: float, intrinsics: Intrinsics) -> TagTruth:
    camera_from_tag = tag.camera_from_tag.copy()
    camera_from_tag[0, 3] -= baseline
    corners = tag_corners(camera_from_tag, edge=tag.size, intrinsics=intrinsics)
    return replace(tag, camera_from_tag=camera_from_tag, corners=corners)


def wall_seen_from_right(
    image: NDArray[np.uint8], *, wall: float, baseline: float, intrinsics: Intrinsics
) -> NDArray[np.uint8]:
    """Return how the right lens sees a wall; beyond what the left one sees of it, it is mirrored.

    Args:
        image: (H, W, 3) or (H, W) uint8, the wall as the left lens sees it.
        wall: m, depth of the wall, which faces the camera.
        baseline: m, between the lenses.
        intrinsics: of both views.
    """
    height, width = image.shape[:2]
    pixels = np.stack(np.meshgrid(np.arange(width, dtype=np.float64), np.arange(height, dtype=np.float64)), axis=-1)
    rays = rays_through(pixels, intrinsics=intrinsics).reshape(-1, 2)
    points_in_left = np.column_stack([rays * wall, np.full(len(rays), wall)])
    points_in_left[:, 0] += baseline
    seen_at = project(points_in_left, intrinsics=intrinsics).reshape(height, width, 2).astype(np.float32)
    seen = cv2.remap(image, seen_at, _NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(seen, dtype=np.uint8)
