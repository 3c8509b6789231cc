"""Sizes by name, batches, evidence over images and learned noise."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from tag_renderer import PlacedTag, edge_noise, facing_camera, true_corners

from airo_frames.intrinsics import Intrinsics
from airo_frames.rotation import angle_between
from tag_pose.covariance import REFINED, SIGMAS_PX, CornerNoise, corner_sigmas
from tag_pose.exceptions import PoseInputError
from tag_pose.locator import TagLocator
from tag_pose.observation import TagObservation
from tag_pose.pose import estimate_pose, estimate_poses
from tag_pose.tag_name import tag_name

CAMERA = Intrinsics.pinhole(600.0, 600.0, 319.5, 239.5)


def observed(
    pose: np.ndarray, *, tag_id: int = 1, family: str = "tag36h11", noise: np.ndarray | float = 0.0
) -> TagObservation:
    """Return a tag of 0.1 m as a detector would see it."""
    corners = true_corners(PlacedTag(tag_id, 0.1, pose), intrinsics=CAMERA) + noise
    return TagObservation(tag_id, family, 0, 50.0, corners.mean(axis=0), corners)


def test_sizes_go_by_name_then_by_id_then_by_default() -> None:
    """A name goes before an id; the "tag" of a family may be left out, and ids may be text, as in YAML."""
    locator = TagLocator(tag_size=0.1, tag_sizes={"36h11:4": 0.2, 4: 0.3, "7": 0.4})
    assert locator.size_of(("tag36h11", 4)) == 0.2
    assert locator.size_of(("tag25h9", 4)) == 0.3
    assert locator.size_of(("tag25h9", 7)) == 0.4
    assert locator.size_of(("tag25h9", 8)) == 0.1
    assert TagLocator().size_of(("tag25h9", 8)) is None
    for name in ("36h11", "36h11:x", ":4", "36h11:-1"):
        with pytest.raises(PoseInputError, match="FAMILY:ID"):
            tag_name(name)


def test_a_batch_is_what_each_tag_alone_gives() -> None:
    """Tags do not disturb each other, and bad ones cost only themselves."""
    rng = np.random.default_rng(0)
    poses = [
        facing_camera((*rng.uniform(-0.2, 0.2, 2), rng.uniform(0.6, 1.5)), tilt=rng.uniform(20, 60), roll=40.0 * index)
        for index in range(8)
    ]
    corners = np.stack([observed(pose).corners + rng.normal(0, 0.05, (4, 2)) for pose in poses])
    sizes = np.full(10, 0.1)
    sizes[9] = np.nan
    bad = np.stack([np.full((4, 2), np.nan), corners[0]])
    together = estimate_poses(np.concatenate([corners, bad]), tag_sizes=sizes, intrinsics=CAMERA)
    assert together[8:] == [None, None]
    for one, found in zip(corners, together[:8], strict=True):
        alone = estimate_pose(one, tag_size=0.1, intrinsics=CAMERA)
        assert alone is not None and found is not None
        np.testing.assert_allclose(found.camera_from_tag, alone.camera_from_tag, atol=1e-6)
    assert estimate_poses(np.empty((0, 4, 2)), tag_sizes=np.empty(0), intrinsics=CAMERA) == []


def test_a_wrong_beginning_is_found_out() -> None:
    """A tag that begins with the wrong solution and swings keeps the right one after a second of images."""
    rng = np.random.default_rng(1)
    later, began_wrong = 0, 0
    for _ in range(20):
        locator = TagLocator(tag_size=0.1)
        axis = rng.uniform(0, 360)
        for frame in range(90):
            tilt = 30.0 - 16.0 * np.cos(2 * np.pi * frame / 90)
            pose = facing_camera((0.0, 0.0, 2.0), tilt=tilt, tilt_axis=axis)
            seen = observed(pose, noise=rng.normal(0.0, 0.1, (4, 2)))
            (tag,) = locator.locate([seen], intrinsics=CAMERA)
            assert tag.pose is not None
            errors = [angle_between(s.camera_from_tag[:3, :3], pose[:3, :3]) for s in tag.pose.solutions]
            is_wrong = errors[0] > min(errors) + np.radians(10)
            later += is_wrong and frame >= 30
            began_wrong += is_wrong and frame == 0
    assert began_wrong > 0
    assert later == 0


def test_swapping_exchanges_all_of_a_solution() -> None:
    """Twice swapped is as before, and the covariance goes with its solution."""
    estimate = estimate_pose(observed(facing_camera((0, 0, 1.5), tilt=20.0)).corners, tag_size=0.1, intrinsics=CAMERA)
    assert estimate is not None and estimate.alternative is not None
    other = estimate.swapped()
    np.testing.assert_array_equal(other.camera_from_tag, estimate.alternative.camera_from_tag)
    np.testing.assert_array_equal(other.covariance, estimate.alternative.covariance)
    np.testing.assert_array_equal(other.swapped().covariance, estimate.covariance)
    assert other.ambiguity == estimate.ambiguity


@pytest.mark.parametrize("factor", [1.0, 4.0])
def test_noise_of_a_camera_is_learned(factor: float) -> None:
    """After some images the covariance describes corners that are noisier than usual; at first it does not know."""
    rng = np.random.default_rng(2)
    locator = TagLocator(tag_size=0.1)
    scales = []
    for _ in range(120):
        pose = facing_camera((*rng.uniform(-0.1, 0.1, 2), 0.8), tilt=rng.uniform(30, 60), tilt_axis=rng.uniform(0, 360))
        clean = observed(pose)
        sigma = float(corner_sigmas(clean.corners))
        noise = edge_noise(clean.corners, sigma=factor * sigma, rng=rng)
        (tag,) = locator.locate([observed(pose, noise=noise)], intrinsics=CAMERA)
        (expected,) = estimate_poses(
            clean.corners[None], tag_sizes=np.array([0.1]), intrinsics=CAMERA, are_crossings=True
        )
        assert tag.pose is not None and expected is not None
        assert tag.pose.covariance is not None and expected.covariance is not None
        scales.append(np.sqrt(tag.pose.covariance[2, 2] / expected.covariance[2, 2]))
        locator.forget_poses()
    assert 0.8 * factor < np.median(scales[80:]) < 1.25 * factor
    locator.forget()
    (tag,) = locator.locate([observed(facing_camera((0, 0, 0.8), tilt=40.0))], intrinsics=CAMERA)
    assert tag.pose is not None and tag.pose.covariance is not None


def test_noise_is_bounded_and_begins_at_the_table() -> None:
    """One absurd residual does not make the camera blind, and none make it surer than the table."""
    noise = CornerNoise()
    assert noise.scale == 1.0
    noise.learn(4e6)
    assert noise.scale < 2.0
    for _ in range(500):
        noise.learn(0.0)
    assert noise.scale == 1.0
    for _ in range(500):
        noise.learn(4e6)
    assert noise.scale == 15.0


def test_small_images_of_tags_are_less_sure(backend: str) -> None:
    """Corner noise falls with the width of a tag's image, not with its length."""
    square = 10.0 * np.array([[0, 1], [1, 1], [1, 0], [0, 0.0]])
    sigmas = [float(corner_sigmas(square * factor, backend=backend)) for factor in (1, 2, 3, 10)]
    assert sigmas == sorted(sigmas, reverse=True)
    assert sigmas[-1] == SIGMAS_PX[backend][-1]
    tilted = 100.0 * np.array([[0, 0.2], [1, 0.2], [1, 0], [0, 0.0]])
    assert float(corner_sigmas(tilted, backend=backend)) == pytest.approx(sigmas[1])
    assert np.isfinite(corner_sigmas(np.zeros((1, 4, 2)), backend=backend)).all()


@pytest.mark.parametrize("is_refined", [False, True])
def test_covariances_hold_what_lines_through_edges_do(is_refined: bool) -> None:
    """The corners of an edge err together: with noise of that kind the errors of poses are those that are told."""
    rng = np.random.default_rng(4)
    backend = REFINED if is_refined else "pupil"
    locator = TagLocator(tag_size=0.1)
    errors = []
    for _ in range(400):
        pose = facing_camera((*rng.uniform(-0.1, 0.1, 2), 0.7), tilt=rng.uniform(25, 55), tilt_axis=rng.uniform(0, 360))
        clean = observed(pose)
        noise = edge_noise(clean.corners, sigma=float(corner_sigmas(clean.corners, backend=backend)), rng=rng)
        (tag,) = locator.locate(
            [replace(clean, corners=clean.corners + noise, is_refined=is_refined)], intrinsics=CAMERA
        )
        locator.forget_poses()
        assert tag.pose is not None and tag.pose.covariance is not None
        turn = cv2.Rodrigues(pose[:3, :3] @ tag.pose.camera_from_tag[:3, :3].T)[0].reshape(3)
        error = np.concatenate([pose[:3, 3] - tag.pose.position, turn])
        errors.append(float(error @ np.linalg.solve(tag.pose.covariance, error)) / 6)
    assert 0.8 < np.mean(errors) < 1.2


def test_noise_explains_the_difference_of_errors_or_it_does_not() -> None:
    """What looks clear by the ratio of its errors is ambiguous when both are within the noise of the corners."""
    pose = facing_camera((0.0, 0.0, 1.8), tilt=9.0)
    clean = observed(pose).corners
    sure, unsure = (
        estimate_poses(
            clean[None], tag_sizes=np.array([0.1]), intrinsics=CAMERA, sigmas=np.array([sigma]), are_crossings=True
        )[0]
        for sigma in (0.001, 0.2)
    )
    assert sure is not None and unsure is not None
    assert sure.ambiguity == pytest.approx(unsure.ambiguity, abs=0.01) and unsure.ambiguity < 0.2
    assert unsure.is_ambiguous and not sure.is_ambiguous and unsure.swapped().is_ambiguous
