"""A body with several tags, placed in front of a camera with exact truth."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from tag_renderer import PlacedTag, edge_noise, facing_camera, true_corners

from airo_frames.intrinsics import Intrinsics
from tag_pose.bundle import BundleLayout, BundleTag
from tag_pose.observation import TagObservation

__all__ = ["CAMERA", "body", "observations", "placed", "random_pose"]

CAMERA = Intrinsics.pinhole(700.0, 700.0, 319.5, 239.5)
SIZE = 0.05


def body(count: int = 4, *, folded: bool = True) -> BundleLayout:
    """Return tags in a row, each turned and, when folded, tilted against the one before; the first is the origin."""
    tags = []
    for number in range(count):
        pose = np.eye(4)
        angle = np.radians(15.0 * (number % 3)) if folded else 0.0
        turn = cv2.Rodrigues(np.array([0.0, 0.0, np.radians(40.0 * number)]))[0]
        pose[:3, :3] = cv2.Rodrigues(np.array([0.0, angle, 0.0]))[0] @ turn
        pose[:3, 3] = [0.1 * (number % 3), 0.1 * (number // 3), -0.004 * number if folded else 0.0]
        tags.append(BundleTag("tag36h11", 10 + number, SIZE, pose))
    first = np.linalg.inv(tags[0].bundle_from_tag)
    return BundleLayout(
        "body", tuple(BundleTag(t.family, t.tag_id, t.size, first @ t.bundle_from_tag) for t in tags), "body_link"
    )


def random_pose(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return camera_from_bundle with the whole body in view."""
    return facing_camera(
        (*rng.uniform(-0.07, -0.03, 2), rng.uniform(0.7, 0.9)),
        tilt=rng.uniform(10, 35),
        tilt_axis=rng.uniform(0, 360),
        roll=rng.uniform(0, 360),
    )


def placed(layout: BundleLayout, pose: NDArray[np.float64]) -> list[PlacedTag]:
    """Return the tags of a body as the renderer wants them."""
    return [PlacedTag(tag.tag_id, tag.size, pose @ tag.bundle_from_tag) for tag in layout.tags]


def observations(
    layout: BundleLayout, pose: NDArray[np.float64], *, noise: float, rng: np.random.Generator
) -> list[TagObservation]:
    """Return what a detector would see of a body."""
    seen = []
    for tag in placed(layout, pose):
        corners = true_corners(tag, intrinsics=CAMERA)
        corners = corners + edge_noise(corners, sigma=noise, rng=rng)
        seen.append(TagObservation(tag.tag_id, "tag36h11", 0, 50.0, corners.mean(axis=0), corners))
    return seen
