"""Poses of single tags agree with the truth and say how sure they are."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tag_renderer import PlacedTag, facing_camera, render, true_corners

from airo_frames.intrinsics import Intrinsics
from airo_frames.rotation import angle_between
from tag_pose.covariance import corner_sigmas
from tag_pose.detector import DetectorSettings, TagDetector
from tag_pose.exceptions import PoseInputError
from tag_pose.pose import PoseEstimate, estimate_pose, estimate_poses

SIZE_WH = (200, 160)
FOCAL = 600.0
TAG_SIZE = 0.1
PINHOLE = Intrinsics.pinhole(FOCAL, FOCAL, 99.5, 79.5)
WIDE = Intrinsics(PINHOLE.camera_matrix, distortion=np.array([-0.3, 0.1, 0.001, -0.002, 0.02]))


def random_tag(
    rng: np.random.Generator, *, side_px: float, tilts: tuple[float, float] = (20.0, 60.0), offset_px: float = 10.0
) -> PlacedTag:
    """Return a tag of about side_px near the middle of the image."""
    distance = FOCAL * TAG_SIZE / side_px
    position = (*(rng.uniform(-offset_px, offset_px, 2) * distance / FOCAL), distance)
    pose = facing_camera(position, tilt=rng.uniform(*tilts), tilt_axis=rng.uniform(0, 360), roll=rng.uniform(0, 360))
    return PlacedTag(int(rng.integers(587)), TAG_SIZE, pose)


def pose_of(corners: NDArray[np.float64], intrinsics: Intrinsics = PINHOLE, **options: Any) -> PoseEstimate:
    """Return the pose, which must exist."""
    estimate = estimate_pose(corners, tag_size=TAG_SIZE, intrinsics=intrinsics, **options)
    assert estimate is not None
    return estimate


@pytest.mark.parametrize("intrinsics", [PINHOLE, WIDE], ids=["pinhole", "distorted"])
def test_exact_corners_give_the_exact_pose(intrinsics: Intrinsics) -> None:
    """With and without distortion, the true pose comes first and has no error."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        tag = random_tag(rng, side_px=60.0, offset_px=60.0)
        estimate = pose_of(true_corners(tag, intrinsics=intrinsics), intrinsics)
        np.testing.assert_allclose(estimate.camera_from_tag, tag.camera_from_tag, atol=1e-5)
        assert estimate.reprojection_error_px < 1e-3


@pytest.mark.parametrize("roll", [0.0, 44.0, 45.0, 90.0, 135.0, 180.0, 270.0])
@pytest.mark.parametrize("tilt_axis", [0.0, 90.0, 180.0, 300.0])
@pytest.mark.parametrize("tilt", [0.0, 1e-7, 30.0, 60.0])
def test_half_turns_between_tag_and_camera_are_solved(tilt: float, tilt_axis: float, roll: float) -> None:
    """Upright and evenly rolled tags, half a turn away from the camera's axes, are as exact as all others."""
    pose = facing_camera((0.02, 0.01, 0.6), tilt=tilt, tilt_axis=tilt_axis, roll=roll)
    estimate = pose_of(true_corners(PlacedTag(0, TAG_SIZE, pose), intrinsics=PINHOLE))
    np.testing.assert_allclose(estimate.position, pose[:3, 3], atol=1e-6)
    assert angle_between(estimate.camera_from_tag[:3, :3], pose[:3, :3]) < 1e-4


@pytest.mark.parametrize("coefficients", [0, 1, 3, 4, 5, 8, 9, 14])
def test_any_number_of_coefficients_is_understood(coefficients: int) -> None:
    """Short distortion vectors mean zeros behind them."""
    intrinsics = Intrinsics(PINHOLE.camera_matrix, distortion=np.zeros(coefficients))
    tag = random_tag(np.random.default_rng(1), side_px=60.0)
    estimate = pose_of(true_corners(tag, intrinsics=PINHOLE), intrinsics)
    np.testing.assert_allclose(estimate.camera_from_tag, tag.camera_from_tag, atol=1e-6)


def test_tag_frame_is_x_right_y_up_z_towards_the_viewer() -> None:
    """An upright tag in front of the camera has its y against and its z against the camera's."""
    upright = PlacedTag(0, TAG_SIZE, facing_camera((0.0, 0.0, 0.5), tilt=25.0, tilt_axis=90.0))
    rotation = pose_of(true_corners(upright, intrinsics=PINHOLE)).camera_from_tag[:3, :3]
    assert rotation[0, 0] > 0.9
    assert rotation[1, 1] == pytest.approx(-1.0, abs=1e-6)
    assert rotation[2, 2] < -0.9
    rng = np.random.default_rng(2)
    for _ in range(50):
        pose = pose_of(true_corners(random_tag(rng, side_px=40.0), intrinsics=PINHOLE)).camera_from_tag
        assert pose[:3, 2] @ pose[:3, 3] < 0
        assert np.linalg.det(pose[:3, :3]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("intrinsics", "side_px"), [(PINHOLE, 48.0), (PINHOLE, 96.0), (WIDE, 48.0)], ids=["48", "96", "48-distorted"]
)
def test_rendered_tags_are_located(backend: str, intrinsics: Intrinsics, side_px: float) -> None:
    """From pixels to pose: 1 degree and 0.5 % of range, and the covariance is honest or cautious."""
    rng = np.random.default_rng(3)
    angles, distances, nees = [], [], []
    with TagDetector(DetectorSettings(backend=backend)) as detector:
        for _ in range(25):
            tag = random_tag(rng, side_px=side_px, offset_px=15.0)
            image = render([tag], size_wh=SIZE_WH, intrinsics=intrinsics, noise=2.0, rng=rng)
            (found,) = detector.detect(image)
            estimate = pose_of(found.corners, intrinsics)
            angles.append(np.degrees(angle_between(estimate.camera_from_tag[:3, :3], tag.camera_from_tag[:3, :3])))
            position = tag.camera_from_tag[:3, 3]
            distances.append(np.linalg.norm(estimate.position - position) / np.linalg.norm(position))
            nees.append(normalised_error(estimate, tag.camera_from_tag))
    assert np.percentile(angles, 95) < 1.0
    assert np.percentile(distances, 95) < 0.005
    assert np.median(angles) < 0.35
    assert np.median(distances) < 0.001
    assert np.mean(nees) / 6 < 1.5


def normalised_error(estimate: PoseEstimate, camera_from_tag: NDArray[np.float64]) -> float:
    """Return the squared error in units of the covariance; its mean is 6 when the covariance is honest."""
    assert estimate.covariance is not None
    rotation = cv2.Rodrigues(camera_from_tag[:3, :3] @ estimate.camera_from_tag[:3, :3].T)[0].reshape(3)
    error = np.concatenate([camera_from_tag[:3, 3] - estimate.position, rotation])
    return float(error @ np.linalg.solve(estimate.covariance, error))


@pytest.mark.parametrize("intrinsics", [PINHOLE, WIDE], ids=["pinhole", "distorted"])
@pytest.mark.parametrize("side_px", [32.0, 64.0])
def test_covariance_describes_gaussian_corner_noise(intrinsics: Intrinsics, side_px: float) -> None:
    """The mean normalised error of 400 noisy tags is near 1; rotations are about the axes of the camera frame."""
    rng = np.random.default_rng(4)
    nees = []
    for _ in range(400):
        tag = random_tag(rng, side_px=side_px, tilts=(30.0, 60.0), offset_px=40.0)
        corners = true_corners(tag, intrinsics=intrinsics)
        corners = corners + rng.normal(0.0, corner_sigmas(corners), corners.shape)
        nees.append(normalised_error(pose_of(corners, intrinsics), tag.camera_from_tag))
    assert 0.5 < np.mean(nees) / 6 < 1.5
    assert 0.8 < np.median(nees) / 5.35 < 1.2  # the median of chi-squared with 6 degrees of freedom is 5.35


@pytest.mark.parametrize("noise_scale", [0.7, 1.3, 3.1])
def test_learned_noise_changes_no_pose(noise_scale: float) -> None:
    """It says how sure poses are; the poses are the same to the last bit, so that a replay finds what was recorded."""
    intrinsics = Intrinsics.pinhole(900.0, 900.0, 640.0, 360.0)
    tags = [PlacedTag(0, 0.1, facing_camera((0.1 * n - 0.2, 0.05 * n, 0.5 + 0.2 * n), tilt=9.0 * n)) for n in range(4)]
    corners = np.stack([true_corners(tag, intrinsics=intrinsics) for tag in tags])
    corners += np.random.default_rng(0).normal(0, 0.05, corners.shape)
    usual, noisy = (
        estimate_poses(corners, tag_sizes=np.full(4, 0.1), intrinsics=intrinsics, noise_scale=scale, are_crossings=True)
        for scale in (1.0, noise_scale)
    )
    for one, other in zip(usual, noisy, strict=True):
        assert one is not None and other is not None
        np.testing.assert_array_equal(one.camera_from_tag, other.camera_from_tag)
        assert one.reprojection_error_px == other.reprojection_error_px
        assert one.covariance is not None and other.covariance is not None
        assert (one.covariance.diagonal() < other.covariance.diagonal()).all() == (noise_scale > 1)


def test_covariance_is_in_camera_axes() -> None:
    """The spread of many estimates of one pose is the covariance, element by element."""
    rng = np.random.default_rng(5)
    tag = PlacedTag(0, TAG_SIZE, facing_camera((0.05, -0.03, 0.8), tilt=50.0, tilt_axis=20.0, roll=70.0))
    corners = true_corners(tag, intrinsics=PINHOLE)
    sigma = corner_sigmas(corners)
    errors = []
    for _ in range(600):
        estimate = pose_of(corners + rng.normal(0.0, sigma, corners.shape))
        rotation = cv2.Rodrigues(tag.camera_from_tag[:3, :3] @ estimate.camera_from_tag[:3, :3].T)[0].reshape(3)
        errors.append(np.concatenate([tag.camera_from_tag[:3, 3] - estimate.position, rotation]))
    expected = pose_of(corners).covariance
    assert expected is not None
    scales = np.sqrt(np.diag(expected))
    np.testing.assert_allclose(
        np.cov(np.transpose(errors)) / np.outer(scales, scales), expected / np.outer(scales, scales), atol=0.25
    )
    np.testing.assert_array_equal(expected, expected.T)


def test_ambiguous_tag_keeps_both_solutions_and_follows_the_prior() -> None:
    """A small, nearly frontal tag looks alike tilted either way; the previous pose tells which."""
    rng = np.random.default_rng(6)
    wrong_without, wrong_with, ambiguous = 0, 0, 0
    for _ in range(100):
        pose = facing_camera((0.0, 0.0, 3.0), tilt=25.0, tilt_axis=rng.uniform(0, 360), roll=rng.uniform(0, 360))
        corners = true_corners(PlacedTag(0, TAG_SIZE, pose), intrinsics=PINHOLE) + rng.normal(0.0, 0.1, (4, 2))
        alone, guided = pose_of(corners), pose_of(corners, previous=pose)
        wrong_without += is_far(alone, pose)
        if alone.ambiguity >= 0.2:
            ambiguous += 1
            wrong_with += is_far(guided, pose)
            assert guided.alternative is not None
            assert 0 <= guided.ambiguity <= 1
    assert wrong_without >= 5
    assert ambiguous >= 50
    assert wrong_with == 0


def is_far(estimate: PoseEstimate, camera_from_tag: NDArray[np.float64]) -> bool:
    """Return whether the estimate is the wrong one of two solutions."""
    return angle_between(estimate.camera_from_tag[:3, :3], camera_from_tag[:3, :3]) > np.radians(25)


def test_prior_does_not_overrule_a_clear_answer() -> None:
    """When one solution explains the corners much better, the previous pose does not matter."""
    tag = PlacedTag(0, TAG_SIZE, facing_camera((0.0, 0.0, 0.5), tilt=45.0))
    corners = true_corners(tag, intrinsics=PINHOLE)
    alone = pose_of(corners)
    assert alone.alternative is not None
    assert alone.ambiguity < 0.2
    guided = pose_of(corners, previous=alone.alternative.camera_from_tag)
    np.testing.assert_array_equal(guided.camera_from_tag, alone.camera_from_tag)
    assert alone.alternative.reprojection_error_px > alone.reprojection_error_px


def test_results_are_finite_for_any_quadrilateral() -> None:
    """Convex quadrilaterals that no tag looks like give finite numbers or nothing."""
    rng = np.random.default_rng(7)
    upright = np.array([[-1.0, 1.0], [1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
    solved = 0
    for _ in range(300):
        corners = 80.0 + 20.0 * (upright + rng.uniform(-0.9, 0.9, (4, 2)))
        try:
            estimate = estimate_pose(corners, tag_size=TAG_SIZE, intrinsics=PINHOLE)
        except PoseInputError:
            continue
        if estimate is not None:
            solved += 1
            numbers = [*estimate.camera_from_tag.ravel(), *estimate.quaternion_xyzw, estimate.reprojection_error_px]
            numbers += [] if estimate.covariance is None else [*estimate.covariance.ravel()]
            assert np.isfinite(numbers).all()
            assert estimate.position[2] > 0
    assert solved > 100


GOOD = true_corners(PlacedTag(0, TAG_SIZE, facing_camera((0.0, 0.0, 0.5), tilt=30.0)), intrinsics=PINHOLE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tag_size": 0.0},
        {"tag_size": -0.1},
        {"tag_size": float("nan")},
        {"tag_size": float("inf")},
        {"corners": GOOD[:3]},
        {"corners": GOOD * np.nan},
        {"corners": GOOD[::-1]},
        {"corners": GOOD[[0, 2, 1, 3]]},
        {"corners": np.zeros((4, 2))},
        {"corners": np.array([[0.0, 0.0], [10.0, 0.0], [20.0, 0.0], [30.0, 0.0]])},
        {"previous": np.eye(3)},
        {"previous": np.full((4, 4), np.nan)},
        {"intrinsics": Intrinsics(PINHOLE.camera_matrix, np.ones(4) * 0.1, "kannala_brandt5")},
    ],
)
def test_wrong_input_is_refused(wrong: dict[str, Any]) -> None:
    """Each error says what was got and expected."""
    arguments: dict[str, Any] = {"corners": GOOD, "tag_size": TAG_SIZE, "intrinsics": PINHOLE, **wrong}
    with pytest.raises(PoseInputError, match=r"expected|not finite|no convex"):
        estimate_pose(arguments.pop("corners"), **arguments)
