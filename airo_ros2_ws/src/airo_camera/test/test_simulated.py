"""Tests of airo_camera.sources.simulated: images against their own ground truth."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from source_reading import FakeTime, retrieved

from airo_camera.exceptions import SourceOpenError, SourceReadError
from airo_camera.sources.simulated import SimulatedSource
from airo_camera.sources.simulated_options import SimulatedOptions
from airo_camera.sources.source import TagTruth
from airo_camera.sources.spec import make_source
from airo_frames.exceptions import ArrayContractError
from airo_frames.intrinsics import Intrinsics


def estimated_pose(corners: np.ndarray, size: float, intrinsics: Intrinsics) -> tuple[np.ndarray, np.ndarray]:
    """Return rotation and position of a tag in the camera frame from its corners."""
    half = size / 2
    in_tag = np.array([[-half, half, 0], [half, half, 0], [half, -half, 0], [-half, -half, 0]])
    matrix, distortion, image = intrinsics.camera_matrix, intrinsics.distortion, corners[[3, 2, 1, 0]]
    _, turns, shifts, _ = cv2.solvePnPGeneric(in_tag, image, matrix, distortion, flags=cv2.SOLVEPNP_IPPE_SQUARE)
    turn, shift = cv2.solvePnPRefineLM(in_tag, image, matrix, distortion, turns[0], shifts[0])
    return cv2.Rodrigues(turn)[0], shift.ravel()


def pose_errors(corners: np.ndarray, tag: TagTruth, intrinsics: Intrinsics) -> tuple[float, float]:
    """Return the error of an estimated pose: degrees, and percent of the range."""
    rotation, position = estimated_pose(corners, tag.size, intrinsics)
    true_position = tag.camera_from_tag[:3, 3]
    cosine = (np.trace(rotation.T @ tag.camera_from_tag[:3, :3]) - 1) / 2
    off = np.linalg.norm(position - true_position) / np.linalg.norm(true_position)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1)))), float(100 * off)


@pytest.mark.parametrize(
    ("spec", "count"),
    [("sim:?pace=fast&fps=3", 30), ("sim:?pace=fast&fps=1&width=1920&height=1080&encoding=bgr8&seed=1", 10)],
)
def test_truth_agrees_with_a_detector(spec: str, count: int, detect: Any) -> None:
    """Over 10 s, corners have no bias and poses are far within 1 degree and 0.5 % of the range."""
    source = make_source(spec)
    corner_errors, degrees, percents = [], [], []
    with source:
        for _ in range(count):
            grabbed = source.grab()
            assert grabbed is not None and grabbed.intrinsics is not None
            to_grey = cv2.COLOR_RGB2GRAY if grabbed.encoding == "rgb8" else cv2.COLOR_BGR2GRAY
            found = detect(cv2.cvtColor(retrieved(source, grabbed), to_grey))
            assert sorted(found) == [tag.tag_id for tag in grabbed.tags]
            for tag in grabbed.tags:
                corner_errors.append(found[tag.tag_id] - tag.corners)
                degree, percent = pose_errors(found[tag.tag_id], tag, grabbed.intrinsics)
                degrees.append(degree)
                percents.append(percent)
    errors = np.concatenate(corner_errors)
    assert np.abs(errors.mean(axis=0)).max() < 0.02
    assert np.sqrt(np.square(errors).mean()) < 0.1
    assert max(degrees) < 0.8 and np.median(degrees) < 0.2
    assert max(percents) < 0.4 and np.median(percents) < 0.1


def test_small_frontal_tags_are_where_the_truth_says(detect: Any) -> None:
    """Tags of about 48 px without tilt have unbiased corners too."""
    source = make_source("sim:?pace=fast&width=480&height=360&tilt=0&encoding=mono8&fps=3")
    errors = []
    with source:
        for _ in range(20):
            grabbed = source.grab()
            found = detect(retrieved(source, grabbed))
            assert grabbed is not None
            errors += [found[tag.tag_id] - tag.corners for tag in grabbed.tags]
    assert np.abs(np.concatenate(errors).mean(axis=0)).max() < 0.02
    assert np.sqrt(np.square(errors).mean()) < 0.1


@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "mono8"])
def test_encodings_show_the_same_scene(encoding: str) -> None:
    """The channels are in the order that the encoding says."""
    options = {name: SimulatedOptions(width=320, height=240, noise=0, encoding=name) for name in ("rgb8", encoding)}
    images = {}
    for name, each in options.items():
        with SimulatedSource(each) as source:
            grabbed = source.grab()
            assert grabbed is not None and grabbed.encoding == name
            images[name] = retrieved(source, grabbed).astype(int)
    rgb, other = images["rgb8"], images[encoding]
    assert np.abs(rgb[:, :, 0] - rgb[:, :, 2]).max() > 20
    if encoding == "mono8":
        grey = cv2.cvtColor(rgb.astype(np.uint8), cv2.COLOR_RGB2GRAY)
        assert np.abs(other - grey).max() <= 2
    else:
        np.testing.assert_array_equal(other if encoding == "rgb8" else other[:, :, ::-1], rgb)


def test_image_k_is_the_same_in_each_run() -> None:
    """Opening the source again gives the same images and the same truth."""
    source = make_source("sim:?pace=fast&width=320&height=240")
    runs = []
    for _ in range(2):
        with source:
            grabbed = [source.grab() for _ in range(3)]
            runs.append((retrieved(source, grabbed[2]), [tag.corners for tag in grabbed[2].tags]))
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    np.testing.assert_array_equal(runs[0][1], runs[1][1])


def test_still_scene_differs_only_by_noise() -> None:
    """With motion=0 and without noise, every image is the same."""
    with make_source("sim:?pace=fast&width=320&height=240&motion=0&noise=0") as source:
        first, second = (retrieved(source, source.grab()) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_live_camera_skips_what_was_not_fetched(fake_time: FakeTime) -> None:
    """Whoever fetches late gets the scene as it is then, like image k of a run that skips nothing."""
    options = SimulatedOptions(width=320, height=240, fps=10)
    with make_source("sim:?pace=fast&width=320&height=240&fps=10") as fast:
        expected = [fast.grab() for _ in range(8)][7]
    source = SimulatedSource(options, pacer=fake_time.pacer())
    assert source.is_live and source.fps == 10
    with source:
        source.grab()
        fake_time.now += 0.75
        late = source.grab()
    np.testing.assert_array_equal(late.tags[0].corners, expected.tags[0].corners)


def test_intrinsics_are_those_of_the_options() -> None:
    """Focal length, principal point and distortion are carried by each image."""
    with make_source("sim:?pace=fast&width=320&height=240&focal=300&k1=-0.1&p2=0.01") as source:
        grabbed = source.grab()
    assert grabbed is not None and grabbed.intrinsics is not None
    np.testing.assert_array_equal(grabbed.intrinsics.camera_matrix, [[300, 0, 159.5], [0, 300, 119.5], [0, 0, 1]])
    np.testing.assert_array_equal(grabbed.intrinsics.distortion, [-0.1, 0, 0, 0.01, 0])


def test_target_must_fit() -> None:
    """An array of another shape or dtype is refused with what was got and expected."""
    with make_source("sim:?pace=fast&width=320&height=240") as source:
        with pytest.raises(SourceReadError, match="grab"):
            source.retrieve(np.empty((240, 320, 3), np.uint8))
        source.grab()
        for wrong in (
            np.empty((240, 320), np.uint8),
            np.empty((240, 320, 3)),
            np.empty((240, 640, 3), np.uint8)[:, ::2],
        ):
            with pytest.raises(ArrayContractError, match=r"expected contiguous uint8 \(240, 320, 3\)"):
                source.retrieve(wrong)


def test_closed_source_says_so() -> None:
    """Grabbing from a closed source is an error that names the next step; closing twice is fine."""
    source = make_source("sim:")
    source.close()
    with pytest.raises(SourceReadError, match="open"):
        source.grab()


def test_folding_lens_cannot_be_opened() -> None:
    """Distortion that no real lens has is refused in open()."""
    with pytest.raises(SourceOpenError, match="distortion"):
        make_source("sim:?k1=-0.9&focal=640").open()
