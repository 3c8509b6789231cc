"""Draws what was found into the image it was found in."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from tag_pose.planar import distortion_for_opencv
from tag_pose.pose import PoseEstimate
from tag_pose.tag_table import TagTable
from tag_pose.tagger import DetectedTag

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
    gray: NDArray[np.uint8], tags: Sequence[DetectedTag], *, intrinsics: Intrinsics | None, table: TagTable
) -> NDArray[np.uint8]:
    """Return the image with each tag's outline, axes, name, position and angles.

    Args:
        gray: (H, W) uint8, what the detector saw.
        tags: found in it.
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
            _draw_axes(image, tag.pose, length=AXIS_LENGTH * tag.tag_size, intrinsics=intrinsics)
    for tag in tags:  # on top of all outlines
        _write(image, _lines(tag, table), at=tag.observation.corners.max(axis=0), scale=scale)
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


def _lines(tag: DetectedTag, table: TagTable) -> list[str]:
    name = table.frame(tag.observation.family, tag.observation.tag_id)
    if tag.pose is None:
        return [name]
    x, y, z = tag.pose.position
    yaw, pitch, roll = yaw_pitch_roll(tag.pose.camera_from_tag)
    return [name, f"x {x:+.3f} y {y:+.3f} z {z:.3f} m", f"yaw {yaw:+.1f} pitch {pitch:+.1f} roll {roll:+.1f} deg"]


def _draw_outline(image: NDArray[np.uint8], corners: NDArray[np.float64], *, thickness: int) -> None:
    points = _fixed(corners)
    cv2.polylines(image, [points.reshape(-1, 1, 2)], True, OUTLINE, thickness, cv2.LINE_AA, SHIFT)
    _line(image, points[0], points[1], BOTTOM, thickness)


def _draw_axes(image: NDArray[np.uint8], pose: PoseEstimate, *, length: float, intrinsics: Intrinsics) -> None:
    points = np.vstack([np.zeros(3), length * np.eye(3)])
    in_camera = points @ pose.camera_from_tag[:3, :3].T + pose.position
    if in_camera[:, 2].min() <= 0:  # an axis that reaches behind the camera has no image
        return
    pixels, _ = cv2.projectPoints(
        in_camera, np.zeros(3), np.zeros(3), intrinsics.camera_matrix, distortion_for_opencv(intrinsics)
    )
    if not np.isfinite(pixels).all():
        return
    origin, *tips = _fixed(np.asarray(pixels, dtype=np.float64).reshape(-1, 2))
    for tip, color in zip(tips, AXES, strict=True):
        _line(image, origin, tip, color, 2)


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
