"""Tests of airo_camera.sources.rendering against a slow renderer that shares nothing with it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from airo_camera.sources.rendering import Renderer, TagPatch, render_tag
from airo_camera.sources.scene import Scene
from airo_camera.sources.simulated_options import SimulatedOptions
from airo_camera.sources.source import TagTruth
from airo_camera.sources.tag_family import TAG_FAMILIES
from airo_frames.intrinsics import Intrinsics

SAMPLES = 8


def undistorted(points: NDArray[np.float64], coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ideal points for distorted ones by fixed-point iteration of the plumb_bob model."""
    if not coefficients.size:
        return points
    k1, k2, p1, p2, k3 = coefficients
    ideal = points.copy()
    for _ in range(25):
        x, y = ideal.T
        r2 = x * x + y * y
        shift = np.stack([2 * p1 * x * y + p2 * (r2 + 2 * x * x), p1 * (r2 + 2 * y * y) + 2 * p2 * x * y], axis=-1)
        ideal = (points - shift) / (1 + k1 * r2 + k2 * r2**2 + k3 * r2**3)[:, None]
    return ideal


def reference(
    patch: TagPatch, tag: TagTruth, *, bitmap: NDArray[np.uint8], blur: float, intrinsics: Intrinsics
) -> NDArray[np.float64]:
    """Return the grey levels of a patch, sample by sample in floating point."""
    height, width = patch.grey.shape
    across = patch.x - 0.5 + (np.arange(width * SAMPLES) + 0.5) / SAMPLES
    down = patch.y - 0.5 + (np.arange(height * SAMPLES) + 0.5) / SAMPLES
    pixels = np.stack(np.meshgrid(across, down), axis=-1).reshape(-1, 2)
    matrix = intrinsics.camera_matrix
    plane = (pixels - matrix[:2, 2]) / np.diag(matrix)[:2]
    rays = np.column_stack([undistorted(plane, intrinsics.distortion), np.ones(len(pixels))])
    rotation, position = tag.camera_from_tag[:3, :3], tag.camera_from_tag[:3, 3]
    hits = rays * ((rotation[:, 2] @ position) / (rays @ rotation[:, 2]))[:, None] - position
    cells = len(bitmap)
    columns = np.floor(hits @ rotation[:, 0] / tag.size * cells + cells / 2).astype(int)
    rows = np.floor(cells / 2 - hits @ rotation[:, 1] / tag.size * cells).astype(int)
    inside = (columns >= 0) & (columns < cells) & (rows >= 0) & (rows < cells)
    levels = np.full(len(pixels), 205.0)
    levels[inside] = np.where(bitmap[rows[inside], columns[inside]] > 127, 205.0, 45.0)
    fine = levels.reshape(height * SAMPLES, width * SAMPLES)
    if blur > 0:
        fine = cv2.GaussianBlur(fine, (0, 0), blur * SAMPLES, borderType=cv2.BORDER_REPLICATE)
    return fine.reshape(height, SAMPLES, width, SAMPLES).mean(axis=(1, 3))


def shift_between(image: NDArray[np.float64], base: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much an image is shifted against another in x and y, px, by least squares."""
    down, across = np.gradient(base)
    gradients = np.column_stack([across.ravel(), down.ravel()])
    return np.linalg.lstsq(gradients, (base - image).ravel(), rcond=None)[0]


@pytest.mark.parametrize(
    "options",
    [
        SimulatedOptions(width=320, height=240, tags=1),
        SimulatedOptions(width=320, height=240, tags=1, tilt=65, seed=2),
        SimulatedOptions(width=320, height=240, tags=1, tilt=0, blur=0),
        SimulatedOptions(width=320, height=240, tags=1, blur=2, seed=5),
        SimulatedOptions(width=480, height=240, tags=2, k1=-0.25, k2=0.05, p1=0.01, p2=-0.01, seed=3),
        SimulatedOptions(width=320, height=240, tags=1, family="tag16h5", k1=0.3),
    ],
)
def test_tags_are_exact(options: SimulatedOptions) -> None:
    """Grey levels agree with the slow renderer's, and there is no shift above two hundredths of a pixel."""
    intrinsics = options.intrinsics()
    for tag in Scene(options, intrinsics=intrinsics).tags_at(0.7):
        bitmap = TAG_FAMILIES[options.family].bitmap(tag.tag_id)
        patch = render_tag(tag, bitmap=bitmap, blur=options.blur, intrinsics=intrinsics)
        expected = reference(patch, tag, bitmap=bitmap, blur=options.blur, intrinsics=intrinsics)
        error = patch.grey - expected
        assert np.sqrt(np.square(error).mean()) < 2
        assert abs(error.mean()) < 0.1
        assert np.abs(shift_between(patch.grey.astype(np.float64), expected)).max() < 0.02


@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "mono8"])
def test_old_places_are_wiped(encoding: str) -> None:
    """After tags have moved, an image is the same as one that was drawn afresh."""
    options = SimulatedOptions(width=320, height=240, encoding=encoding)
    intrinsics = options.intrinsics()
    scene = Scene(options, intrinsics=intrinsics)
    shape = (240, 320) if encoding == "mono8" else (240, 320, 3)
    used, fresh = Renderer(options, intrinsics=intrinsics), Renderer(options, intrinsics=intrinsics)
    after_others, alone = np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8)
    used.draw(scene.tags_at(0.0), index=0, out=after_others)
    used.draw(scene.tags_at(1.0), index=9, out=after_others)
    fresh.draw(scene.tags_at(1.0), index=9, out=alone)
    np.testing.assert_array_equal(after_others, alone)


def test_tag_may_lie_over_the_edge() -> None:
    """A tag that is partly or wholly outside of the image is cut."""
    options = SimulatedOptions(width=200, height=160, tags=1, noise=0)
    intrinsics = options.intrinsics()
    (tag,) = Scene(options, intrinsics=intrinsics).tags_at(0.0)
    renderer = Renderer(options, intrinsics=intrinsics)
    empty, out = np.zeros((160, 200, 3), np.uint8), np.zeros((160, 200, 3), np.uint8)
    renderer.draw((), index=0, out=empty)
    for sideways, is_seen in ((100, True), (-100, True), (400, False)):
        metres = sideways / intrinsics.camera_matrix[0, 0] * tag.camera_from_tag[2, 3]
        moved = tag.camera_from_tag.copy()
        moved[0, 3] += metres
        corners = tag.corners + (sideways, 0)
        renderer.draw((TagTruth(0, tag.family, tag.size, moved, corners),), index=0, out=out)
        assert np.array_equal(out, empty) != is_seen


def test_noise_has_the_size_asked_for() -> None:
    """The difference to the image without noise has the standard deviation of the options and no mean."""
    quiet, noisy = (SimulatedOptions(width=320, height=240, noise=noise) for noise in (0.0, 3.0))
    images = []
    for options in (quiet, noisy):
        image = np.empty((240, 320, 3), np.uint8)
        tags = Scene(options, intrinsics=options.intrinsics()).tags_at(0.0)
        Renderer(options, intrinsics=options.intrinsics()).draw(tags, index=0, out=image)
        images.append(image.astype(np.float64))
    difference = images[1] - images[0]
    assert abs(difference.mean()) < 0.1
    assert difference.std() == pytest.approx(3.0, rel=0.05)
