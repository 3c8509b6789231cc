"""Draws what was found into the image it was found in."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from tag_pose.bundle_pose import LocatedBundle
from tag_pose.lens import project
from tag_pose.observation import DetectedTag
from tag_pose.tag_table import TagTable

__all__ = ["draw_tags", "yaw_pitch_roll"]

Color = tuple[int, int, int]
OUTLINE: Color = (0, 255, 255)  # BGR
BOTTOM: Color = (0, 128, 255)  # the edge between the first two corners: which way the tag stands
AXES: tuple[Color, Color, Color] = ((0, 0, 255), (0, 255, 0), (255, 64, 0))  # x red, y green, z blue
AXIS_LENGTH = 0.5  # of the tag's size
TEXT: Color = (255, 255, 255)
SHADOW: Color = (0, 0, 0)
SHIFT = 4  # OpenCV draws in sixteenths of a pixel
FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_tags(
    gray: NDArray[np.uint8],
    tags: Sequence[DetectedTag],
    bundles: Sequence[LocatedBundle] = (),
    *,
    intrinsics: Intrinsics | None,
    table: TagTable,
) -> NDArray[np.uint8]:
    """Return the image with each tag's outline, and the axes, name, position and angles of each tag and bundle.

    Args:
        gray: (H, W) uint8, what the detector saw.
        tags: found in it.
        bundles: found in it.
        intrinsics: of the image; without them no axes are drawn.
        table: names of the tags.

    Returns:
        (H, W, 3) uint8, BGR, new.
    """
    image = np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    scale = max(0.4, min(gray.shape) / 1000)
    for tag in tags:
        _draw_outline(image, tag.observation.corners, thickness=max(1, round(2 * scale)))
        if tag.pose is not None and intrinsics is not None and tag.tag_size is not None:
            _draw_axes(image, tag.pose.camera_from_tag, length=AXIS_LENGTH * tag.tag_size, intrinsics=intrinsics)
    for tag in tags:  # on top of all outlines
        name = table.frame(*tag.observation.name)
        lines = _lines(name, None if tag.pose is None else tag.pose.camera_from_tag)
        _write(image, lines, at=tag.observation.corners.max(axis=0), scale=scale)
    if intrinsics is not None:
        for bundle in bundles:
            _draw_bundle(image, bundle, intrinsics=intrinsics, scale=scale)
    return image


def yaw_pitch_roll(camera_from_tag: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return how a tag is turned against one that faces the camera upright: (yaw, pitch, roll), degrees.

    Upright and facing means x right, y up, z towards the camera. From there the tag is rolled about its z, then pitched
    about its x, then yawed about its y: R = R_upright Ry(yaw) Rx(pitch) Rz(roll). Positive yaw turns its face to the
    right of the image, positive pitch downwards, and positive roll turns it counter-clockwise.

    Args:
        camera_from_tag: (4, 4) float64.
    """
    turned = np.diag([1.0, -1.0, -1.0]) @ camera_from_tag[:3, :3]
    yaw = np.arctan2(turned[0, 2], turned[2, 2])
    pitch = np.arcsin(np.clip(-turned[1, 2], -1.0, 1.0))
    roll = np.arctan2(turned[1, 0], turned[1, 1])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))


def _lines(name: str, pose: NDArray[np.float64] | None) -> list[str]:
    if pose is None:
        return [name]
    x, y, z = pose[:3, 3]
    yaw, pitch, roll = yaw_pitch_roll(pose)
    return [name, f"x {x:+.3f} y {y:+.3f} z {z:.3f} m", f"yaw {yaw:+.1f} pitch {pitch:+.1f} roll {roll:+.1f} deg"]


def _draw_outline(image: NDArray[np.uint8], corners: NDArray[np.float64], *, thickness: int) -> None:
    points = _fixed(corners)
    cv2.polylines(image, [points.reshape(-1, 1, 2)], True, OUTLINE, thickness, cv2.LINE_AA, SHIFT)
    _line(image, points[0], points[1], BOTTOM, thickness)


def _draw_bundle(image: NDArray[np.uint8], bundle: LocatedBundle, *, intrinsics: Intrinsics, scale: float) -> None:
    pose = bundle.camera_from_bundle
    length = AXIS_LENGTH * max(tag.size for tag in bundle.layout.tags)
    origin = _draw_axes(image, pose, length=length, intrinsics=intrinsics)
    if origin is not None:
        _write(image, _lines(bundle.layout.name, pose), at=origin, scale=scale)


def _draw_axes(
    image: NDArray[np.uint8], pose: NDArray[np.float64], *, length: float, intrinsics: Intrinsics
) -> NDArray[np.float64] | None:
    """Draw the axes of a pose and return the pixel of its origin; None if they have no image."""
    points = np.vstack([np.zeros(3), length * np.eye(3)]) @ pose[:3, :3].T + pose[:3, 3]
    if points[:, 2].min() <= 0:  # an axis reaches behind the camera
        return None
    pixels = project(points[:, :2] / points[:, 2:], intrinsics=intrinsics)
    if not np.isfinite(pixels).all():
        return None
    origin, *tips = _fixed(pixels)
    for tip, color in zip(tips, AXES, strict=True):
        _line(image, origin, tip, color, 2)
    return np.asarray(pixels[0], dtype=np.float64)


def _write(image: NDArray[np.uint8], lines: Sequence[str], *, at: NDArray[np.float64], scale: float) -> None:
    size = 0.5 * scale + 0.2
    height = round(32 * size)
    width = max(cv2.getTextSize(line, FONT, size, 1)[0][0] for line in lines)
    x = int(np.clip(at[0] - width, 0, max(0, image.shape[1] - width)))
    y = int(np.clip(at[1] + height, height, max(height, image.shape[0] - height * (len(lines) - 1) - 4)))
    for index, line in enumerate(lines):
        origin = (x, y + index * height)
        for color, thickness in ((SHADOW, 3), (TEXT, 1)):
            cv2.putText(image, line, origin, FONT, size, color, thickness, cv2.LINE_AA)


def _line(image: NDArray[np.uint8], one: NDArray[np.int32], other: NDArray[np.int32], color: Color, width: int) -> None:
    start, end = (int(one[0]), int(one[1])), (int(other[0]), int(other[1]))
    cv2.line(image, start, end, color, width, cv2.LINE_AA, SHIFT)


def _fixed(pixels: NDArray[np.float64]) -> NDArray[np.int32]:
    limit = 2**20  # far outside every image, and small enough for OpenCV's own arithmetic
    return np.asarray(np.rint(np.clip(pixels, -limit, limit) * 2**SHIFT), dtype=np.int32)
