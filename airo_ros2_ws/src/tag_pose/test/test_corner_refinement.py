"""Tests of tag_pose.corner_refinement."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tag_renderer import PlacedTag, facing_camera, render, true_corners

from airo_frames.intrinsics import Intrinsics
from tag_pose.corner_refinement import refined_corners
from tag_pose.detector import TagDetector
from tag_pose.detector_settings import DetectorSettings
from tag_pose.pose import estimate_poses

CAMERA = Intrinsics.pinhole(600.0, 600.0, 159.5, 119.5)
SIZE_WH = (320, 240)


def placed(rng: np.random.Generator, *, side: float, position: tuple[float, float] = (0.0, 0.0)) -> PlacedTag:
    """Return a tag of some side, px, tilted at random."""
    pose = facing_camera(
        (*(np.array(position) + rng.uniform(-0.01, 0.01, 2)), 600 * 0.1 / side),
        tilt=rng.uniform(10, 40),
        tilt_axis=rng.uniform(0, 360),
        roll=rng.uniform(0, 360),
    )
    return PlacedTag(3, 0.1, pose)


def image_of(tag: PlacedTag, rng: np.random.Generator, *, intrinsics: Intrinsics = CAMERA) -> NDArray[np.uint8]:
    """Return an image with usual blur and noise."""
    return render([tag], size_wh=SIZE_WH, intrinsics=intrinsics, noise=2.0, rng=rng)


@pytest.mark.parametrize(("side", "limit"), [(32, 0.03), (48, 0.02), (100, 0.02)])
def test_corners_are_exact(side: float, limit: float) -> None:
    """From corners that are off by some tenths of a pixel, the true ones are found."""
    rng = np.random.default_rng(7)
    errors = []
    for _ in range(10):
        tag = placed(rng, side=side)
        truth = true_corners(tag, intrinsics=CAMERA)
        found, is_refined = refined_corners(image_of(tag, rng), truth[None] + rng.normal(0, 0.15, (1, 4, 2)))
        assert is_refined.all()
        errors.append(found[0] - truth)
    assert np.sqrt(np.square(errors).mean()) < limit


def test_detectors_give_refined_corners(backend: str) -> None:
    """By default a detector's corners are several times as exact as those of its library, and its centre fits them."""
    rng = np.random.default_rng(8)
    errors: dict[str, list[NDArray[np.float64]]] = {"edges": [], "none": []}
    with (
        TagDetector(DetectorSettings(backend=backend)) as ours,
        TagDetector(DetectorSettings(backend=backend, corner_refinement="none")) as theirs,
    ):
        for _ in range(10):
            tag = placed(rng, side=40)
            image, truth = image_of(tag, rng), true_corners(tag, intrinsics=CAMERA)
            (refined,), (kept,) = ours.detect(image), theirs.detect(image)
            assert refined.is_refined and not kept.is_refined
            errors["edges"].append(refined.corners - truth)
            errors["none"].append(kept.corners - truth)
            middle = tag.camera_from_tag[:3, 3]
            np.testing.assert_allclose(refined.center, 600 * middle[:2] / middle[2] + [159.5, 119.5], atol=0.05)
    edges, none = (np.sqrt(np.square(errors[name]).mean()) for name in ("edges", "none"))
    assert edges < 0.02 and edges < (0.5 if backend == "pupil" else 0.95) * none


def test_light_tags_on_dark_are_refined() -> None:
    """Of families whose border is light inside the edges run the other way."""
    rng = np.random.default_rng(9)
    tag = placed(rng, side=60)
    truth = true_corners(tag, intrinsics=CAMERA)
    inverted = 255 - image_of(tag, rng)
    found, is_refined = refined_corners(inverted, truth[None] + 0.1)
    assert is_refined.all()
    np.testing.assert_allclose(found[0], truth, atol=0.06)


def test_a_covered_part_of_an_edge_is_left_out(backend: str) -> None:
    """Something grey on an edge moves the library's corners, and ours by little."""
    rng = np.random.default_rng(10)
    tag = placed(rng, side=60)
    truth = true_corners(tag, intrinsics=CAMERA)
    image = image_of(tag, rng)
    x, y = np.rint((truth[0] + truth[1]) / 2).astype(int)
    image[y - 3 : y + 4, x - 3 : x + 4] = 110
    with TagDetector(DetectorSettings(backend=backend)) as detector:
        (found,) = detector.detect(image)
    assert found.is_refined
    assert np.sqrt(np.square(found.corners - truth).mean()) < 0.03


def test_what_is_no_edge_keeps_its_corners() -> None:
    """Noise, an even image, half an image, an edge that is gone, and what is not finite change nothing."""
    rng = np.random.default_rng(11)
    tag = placed(rng, side=60)
    truth = true_corners(tag, intrinsics=CAMERA)
    image = image_of(tag, rng)
    covered = image.copy()
    cv2.line(covered, *(tuple(int(v) for v in np.rint(corner)) for corner in truth[:2]), 110, 9)
    cut = image[: int(truth[:, 1].mean())]
    noise = rng.integers(0, 256, image.shape).astype(np.uint8)
    for picture in (np.full_like(image, 90), noise, covered, cut, image[:1, :1], image[:0]):
        found, is_refined = refined_corners(picture, truth[None] + 0.2)
        assert not is_refined.any()
        np.testing.assert_array_equal(found[0], truth + 0.2)
    far = truth + np.array([6.0, 0.0])
    bad = np.stack([truth, np.full((4, 2), np.nan), far, np.zeros((4, 2)), truth + 1e9])
    found, is_refined = refined_corners(image, bad)
    assert is_refined.tolist() == [True, False, False, False, False]
    np.testing.assert_array_equal(found[1:], bad[1:])
    found, is_refined = refined_corners(image, np.empty((0, 4, 2)))
    assert found.shape == (0, 4, 2) and is_refined.shape == (0,)


def test_bent_edges_are_followed(backend: str) -> None:
    """Where a lens bends the edges of a large tag by pixels, its pose is right all the same."""
    lens = Intrinsics(Intrinsics.pinhole(220.0, 220.0, 159.5, 119.5).camera_matrix, np.array([-0.28, 0.06, 0, 0, 0.0]))
    rng = np.random.default_rng(12)
    errors = []
    for _ in range(6):
        pose = facing_camera((*rng.uniform(-0.02, 0.02, 2), 0.24), tilt=20, tilt_axis=rng.uniform(0, 360), roll=15)
        tag = PlacedTag(3, 0.16, pose)
        image = image_of(tag, rng, intrinsics=lens)
        with TagDetector(DetectorSettings(backend=backend)) as detector:
            (found,) = detector.detect(image, intrinsics=lens)
        assert found.is_refined
        (estimate,) = estimate_poses(
            found.corners[None], tag_sizes=np.array([0.16]), intrinsics=lens, are_crossings=True
        )
        assert estimate is not None
        errors.append(np.linalg.norm(estimate.position - pose[:3, 3]) / 0.24)
    assert np.median(errors) < 0.001


def test_views_of_larger_images_are_the_same() -> None:
    """Rows of any stride are read as they are."""
    rng = np.random.default_rng(13)
    tag = placed(rng, side=50)
    image = image_of(tag, rng)
    padded = np.zeros((240, 400), np.uint8)
    padded[:, 40:360] = image
    truth = true_corners(tag, intrinsics=CAMERA)[None] + 0.1
    expected, _ = refined_corners(image, truth)
    found, _ = refined_corners(padded[:, 40:360], truth)
    np.testing.assert_array_equal(found, expected)
