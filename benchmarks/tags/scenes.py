"""Synthetic images of one tag with exactly known corners and pose."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_camera.sources.rendering import render_tag
from airo_camera.sources.source import TagTruth
from airo_camera.sources.tag_family import TAG_FAMILIES
from airo_frames.intrinsics import Intrinsics
from tag_pose.lens import project, rays_through
from tag_pose.planar import tag_corners

__all__ = ["CONDITIONS", "Condition", "Scene", "blank", "draw", "facing", "scenes_of"]

FAMILY = TAG_FAMILIES["tag36h11"]
SIZE_WH = (1280, 720)
FOCAL = 900.0
TAG_SIZE = 0.1  # m
BACKGROUND = 120
MARGIN = 0.75  # of the tag's side, around it in the window that is rendered
PLUMB_BOB = (-0.32, 0.11, 0.0008, -0.0006, -0.01)


@dataclass(frozen=True)
class Condition:
    """How the tags of a set of images are seen.

    Attributes:
        title: for people.
        side: px, of the tag if it faced the camera.
        tilts: degrees, range of the angle between the tag's normal and the line of sight.
        blur: px, standard deviation of the lens blur.
        noise: grey levels, standard deviation.
        lens: "pinhole" or "plumb_bob".
        darkest: light at the dark end of the gradient, 1 for even light.
        occlusion: side of the grey square that lies on an edge of the tag, in sides of the tag.
        motion: px, length of the blur by motion during the exposure.
    """

    title: str
    side: float
    tilts: tuple[float, float] = (0.0, 45.0)
    blur: float = 0.6
    noise: float = 2.0
    lens: str = "pinhole"
    darkest: float = 1.0
    occlusion: float = 0.0
    motion: float = 0.0


CONDITIONS = {
    **{f"side{side}": Condition(f"{side} px", side) for side in (16, 20, 24, 32, 36, 48, 64, 96)},
    "tilted": Condition("48 px, tilt 45 to 65 degrees", 48, tilts=(45.0, 65.0)),
    "blurred": Condition("48 px, blur 1.2 px", 48, blur=1.2),
    "noisy": Condition("48 px, noise 8", 48, noise=8.0),
    "distorted": Condition("48 px, plumb_bob lens", 48, lens="plumb_bob"),
    "shaded": Condition("48 px, light from 1 to 0.25", 48, darkest=0.25),
    "occluded": Condition("48 px, an edge partly covered", 48, occlusion=0.1),
    "moved": Condition("48 px, motion blur 3 px", 48, motion=3.0),
}


@dataclass(frozen=True, eq=False)
class Scene:
    """One image and the truth about it.

    Attributes:
        image: (H, W) uint8.
        intrinsics: of the image, a window of a larger one.
        truth: the tag.
    """

    image: NDArray[np.uint8]
    intrinsics: Intrinsics
    truth: TagTruth = field(repr=False)


def scenes_of(condition: Condition, *, count: int, seed: int) -> Iterator[Scene]:
    """Yield images under one condition; the same for the same seed."""
    rng = np.random.default_rng([seed, *condition.title.encode()])
    for _ in range(count):
        yield _scene(condition, rng)


def facing(ray: NDArray[np.float64], *, tilt: float, axis: float, roll: float) -> NDArray[np.float64]:
    """Return the (3, 3) rotation of a tag that faces the camera along a ray, rolled, then tilted; degrees."""
    direction = np.array([*ray, 1.0]) / math.sqrt(ray @ ray + 1)
    angle = math.acos(direction[2])
    about = np.cross([0.0, 0.0, 1.0], direction)
    length = float(np.linalg.norm(about))
    to_ray = cv2.Rodrigues(about / length * angle)[0] if length > 0 else np.eye(3)
    along = np.radians(tilt) * np.array([math.cos(math.radians(axis)), math.sin(math.radians(axis)), 0.0])
    turned = cv2.Rodrigues(along)[0] @ np.diag([1.0, -1.0, -1.0]) @ cv2.Rodrigues(np.array([0, 0, np.radians(roll)]))[0]
    return np.asarray(to_ray @ turned, dtype=np.float64)


def truth_of(tag_id: int, pose: NDArray[np.float64], *, size: float, intrinsics: Intrinsics) -> TagTruth:
    """Return a tag with the pixels of its corners."""
    in_camera = tag_corners(size) @ pose[:3, :3].T + pose[:3, 3]
    pixels = project(in_camera[:, :2] / in_camera[:, 2:], intrinsics=intrinsics)
    return TagTruth(tag_id=tag_id, family=FAMILY.name, size=size, camera_from_tag=pose, corners=pixels)


def blank(size_wh: tuple[int, int]) -> NDArray[np.float32]:
    """Return an empty wall, (H, W) float32."""
    return np.full(size_wh[::-1], BACKGROUND, dtype=np.float32)


def draw(truth: TagTruth, canvas: NDArray[np.float32], *, blur: float, intrinsics: Intrinsics) -> None:
    """Draw a tag into a canvas, (H, W) float32, in place."""
    patch = render_tag(truth, bitmap=FAMILY.bitmap(truth.tag_id), blur=blur, intrinsics=intrinsics)
    height, width = patch.grey.shape
    top, left = max(patch.y, 0), max(patch.x, 0)
    bottom, right = min(patch.y + height, canvas.shape[0]), min(patch.x + width, canvas.shape[1])
    if bottom <= top or right <= left:
        return
    inside = (slice(top - patch.y, bottom - patch.y), slice(left - patch.x, right - patch.x))
    place = canvas[top:bottom, left:right]
    place += (patch.grey[inside] - place) * patch.cover[inside]


def finished(canvas: NDArray[np.float32], *, noise: float, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a canvas with noise, rounded to grey levels."""
    noisy = canvas + rng.normal(0.0, noise, canvas.shape) if noise > 0 else canvas
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def _scene(condition: Condition, rng: np.random.Generator) -> Scene:
    camera = _camera(condition.lens)
    reach = 0.5 + 2 * MARGIN
    border = reach * condition.side
    pixel = rng.uniform([border, border], np.array(SIZE_WH) - border)
    rays, _ = rays_through(pixel[None], intrinsics=camera)
    distance = FOCAL * TAG_SIZE / condition.side
    pose = np.eye(4)
    tilt, axis, roll = rng.uniform(*condition.tilts), rng.uniform(0, 360), rng.uniform(0, 360)
    pose[:3, :3] = facing(rays[0], tilt=tilt, axis=axis, roll=roll)
    pose[:3, 3] = np.array([*rays[0], 1.0]) * distance
    corner = np.floor(pixel - border)
    side = 2 * math.ceil(border)
    window = _window(camera, corner)
    truth = truth_of(int(rng.integers(FAMILY.count)), pose, size=TAG_SIZE, intrinsics=window)
    canvas = blank((side, side))
    draw(truth, canvas, blur=condition.blur, intrinsics=window)
    _occlude(canvas, truth, condition.occlusion, rng)
    canvas = _moved(canvas, condition.motion, rng.uniform(0, math.pi))
    _shade(canvas, condition.darkest, rng.uniform(0, 2 * math.pi))
    return Scene(finished(canvas, noise=condition.noise, rng=rng), window, truth)


def _camera(lens: str) -> Intrinsics:
    centre = (np.array(SIZE_WH) - 1) / 2
    matrix = np.array([[FOCAL, 0.0, centre[0]], [0.0, FOCAL, centre[1]], [0.0, 0.0, 1.0]])
    if lens == "plumb_bob":
        return Intrinsics(matrix, np.array(PLUMB_BOB))
    return Intrinsics(matrix)


def _window(camera: Intrinsics, corner: NDArray[np.float64]) -> Intrinsics:
    """Return the intrinsics of the part of an image that begins at some pixel."""
    matrix = camera.camera_matrix.copy()
    matrix[:2, 2] -= corner
    return Intrinsics(matrix, camera.distortion, camera.distortion_model)


def _occlude(canvas: NDArray[np.float32], truth: TagTruth, part: float, rng: np.random.Generator) -> None:
    if part == 0:
        return
    index = int(rng.integers(4))
    where = rng.uniform(0.35, 0.65)
    x, y = where * truth.corners[index] + (1 - where) * truth.corners[(index + 1) % 4]
    half = part * float(np.linalg.norm(truth.corners[0] - truth.corners[1])) / 2
    canvas[round(y - half) : round(y + half) + 1, round(x - half) : round(x + half) + 1] = BACKGROUND


def _moved(canvas: NDArray[np.float32], length: float, direction: float) -> NDArray[np.float32]:
    """Return the mean of the canvas over a straight motion, the middle of which is the canvas itself."""
    if length == 0:
        return canvas
    shifts = length * (np.arange(16) + 0.5) / 16 - length / 2
    moved = np.zeros_like(canvas)
    for shift in shifts:
        transform = np.array([[1.0, 0.0, shift * math.cos(direction)], [0.0, 1.0, shift * math.sin(direction)]])
        moved += cv2.warpAffine(canvas, transform, canvas.shape[::-1], flags=cv2.INTER_CUBIC, borderMode=1)
    return np.asarray(moved / len(shifts))


def _shade(canvas: NDArray[np.float32], darkest: float, direction: float) -> None:
    if darkest == 1:
        return
    down, across = np.mgrid[0 : canvas.shape[0], 0 : canvas.shape[1]] / max(canvas.shape)
    ramp = across * math.cos(direction) + down * math.sin(direction)
    ramp = (ramp - ramp.min()) / (ramp.max() - ramp.min())
    canvas *= (darkest + (1 - darkest) * ramp).astype(np.float32)
