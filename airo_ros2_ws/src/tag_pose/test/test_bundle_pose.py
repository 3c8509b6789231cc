"""Bundles are located by all their tags, and wrong ones do no harm."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from bundles import CAMERA, body, observations, placed, random_pose
from tag_renderer import facing_camera, render

from airo_frames.rotation import angle_between
from tag_pose.bundle import BundleLayout, BundleTag
from tag_pose.bundle_pose import LocatedBundle
from tag_pose.detector_settings import DetectorSettings
from tag_pose.locator import TagLocator
from tag_pose.observation import DetectedTag, TagObservation
from tag_pose.tagger import Tagger


def located(seen: list[TagObservation], locator: TagLocator) -> LocatedBundle:
    """Return the only bundle."""
    (bundle,) = locator.locate_bundles(locator.locate(seen, intrinsics=CAMERA), intrinsics=CAMERA)
    return bundle


def board() -> BundleLayout:
    """Return four tags at the corners of a square of 0.25 m."""
    tags = []
    for number, (x, y) in enumerate(((-0.125, -0.125), (0.125, -0.125), (0.125, 0.125), (-0.125, 0.125))):
        pose = np.eye(4)
        pose[:2, 3] = x, y
        tags.append(BundleTag("tag36h11", number, 0.05, pose))
    return BundleLayout("board", tuple(tags))


def test_exact_corners_give_the_exact_pose() -> None:
    """All tags are used and nothing is left of the error."""
    rng = np.random.default_rng(0)
    layout = body()
    locator = TagLocator(bundles=[layout])
    for _ in range(20):
        pose = random_pose(rng)
        bundle = located(observations(layout, pose, noise=0.0, rng=rng), locator)
        np.testing.assert_allclose(bundle.camera_from_bundle, pose, atol=1e-7)
        assert bundle.used == tuple(tag.name for tag in layout.tags)
        assert bundle.rejected == () and not bundle.is_ambiguous


def test_rotation_is_five_times_better_than_that_of_one_tag() -> None:
    """From rendered images of a flat board with a tag at each corner."""
    rng = np.random.default_rng(1)
    layout = board()
    one, all_four = [], []
    with Tagger(DetectorSettings(), bundles=[layout]) as tagger:
        for _ in range(12):
            tilt, axis, roll = rng.uniform(10, 35), rng.uniform(0, 360), rng.uniform(0, 360)
            pose = facing_camera((0.0, 0.0, 0.9), tilt=tilt, tilt_axis=axis, roll=roll)
            image = render(placed(layout, pose), size_wh=(640, 480), intrinsics=CAMERA, noise=2.0, rng=rng)
            tags = tagger.process(image, intrinsics=CAMERA)
            (bundle,) = tagger.locate_bundles(tags, intrinsics=CAMERA)
            all_four.append(angle_between(bundle.camera_from_bundle[:3, :3], pose[:3, :3]))
            for tag in tags:
                part = layout.tag(tag.observation.name)
                assert part is not None and tag.pose is not None
                one.append(angle_between(tag.pose.camera_from_tag[:3, :3], (pose @ part.bundle_from_tag)[:3, :3]))
            tagger.forget()
    assert np.median(one) > 5 * np.median(all_four)


def test_covariance_describes_the_errors() -> None:
    """The mean normalised error of many noisy bundles is near 1."""
    rng = np.random.default_rng(2)
    layout = body()
    errors = []
    for _ in range(150):
        pose = random_pose(rng)
        # Corners of pupil have about this noise at this size; a fresh locator has not learned another.
        bundle = located(observations(layout, pose, noise=0.04, rng=rng), TagLocator(bundles=[layout]))
        turn = cv2.Rodrigues(pose[:3, :3] @ bundle.camera_from_bundle[:3, :3].T)[0].reshape(3)
        error = np.concatenate([pose[:3, 3] - bundle.position, turn])
        assert bundle.covariance is not None
        errors.append(error @ np.linalg.solve(bundle.covariance, error) / 6)
    assert 0.5 < np.mean(errors) < 1.5


@pytest.mark.parametrize("shift", [6.0, 25.0, 80.0])
def test_one_wrong_tag_of_four_is_rejected(shift: float) -> None:
    """A tag that is not where it should be is named and moves nothing."""
    rng = np.random.default_rng(3)
    layout = body()
    locator = TagLocator(bundles=[layout])
    for number in range(12):
        pose = random_pose(rng)
        seen = observations(layout, pose, noise=0.04, rng=rng)
        wrong = seen[number % 4]
        moved = wrong.corners + shift * np.array([0.6, -0.8])
        seen[number % 4] = TagObservation(wrong.tag_id, wrong.family, 0, 50.0, moved.mean(axis=0), moved)
        locator.forget()
        bundle = located(seen, locator)
        assert bundle.rejected == (wrong.name,)
        assert np.degrees(angle_between(bundle.camera_from_bundle[:3, :3], pose[:3, :3])) < 0.3
        np.testing.assert_allclose(bundle.position, pose[:3, 3], atol=5e-4)


def test_a_second_copy_of_a_tag_is_rejected() -> None:
    """Of two tags with one id the one that fits is used."""
    rng = np.random.default_rng(4)
    layout = body()
    pose = random_pose(rng)
    seen = observations(layout, pose, noise=0.04, rng=rng)
    copy = seen[1].corners + [0.0, 60.0]
    seen.insert(0, TagObservation(seen[1].tag_id, "tag36h11", 0, 50.0, copy.mean(axis=0), copy))
    bundle = located(seen, TagLocator(bundles=[layout]))
    assert bundle.rejected == (("tag36h11", 11),)
    assert len(bundle.used) == 4


def test_one_visible_tag_follows_the_pose_before() -> None:
    """When all but one tag are covered, and that one is ambiguous, the bundle stays where it was."""
    rng = np.random.default_rng(5)
    layout = body(4, folded=False)
    pose = facing_camera((0.0, 0.0, 1.4), tilt=20.0, tilt_axis=30.0)
    ambiguous = 0
    for _ in range(60):
        locator = TagLocator(bundles=[layout])
        located(observations(layout, pose, noise=0.05, rng=rng), locator)
        only = observations(layout, pose, noise=0.15, rng=rng)[2:3]
        bundle = located(only, locator)
        ambiguous += bundle.is_ambiguous
        assert np.degrees(angle_between(bundle.camera_from_bundle[:3, :3], pose[:3, :3])) < 25
    assert ambiguous > 30


def test_tags_of_a_bundle_have_the_solution_that_agrees_with_it() -> None:
    """Small tags whose images do not tell are right all the same, and known for the images after that."""
    rng = np.random.default_rng(14)
    layout = body()
    alone: list[int] = []
    followed: list[int] = []
    for _ in range(40):
        locator = TagLocator(bundles=[layout])
        pose = facing_camera((-0.05, -0.05, 2.2), tilt=rng.uniform(5, 25), tilt_axis=rng.uniform(0, 360))
        tags = locator.locate(observations(layout, pose, noise=0.12, rng=rng), intrinsics=CAMERA)
        settled = locator.settle(tags, locator.locate_bundles(tags, intrinsics=CAMERA))
        assert [tag.observation for tag in settled] == [tag.observation for tag in tags]
        right = [pose @ part.bundle_from_tag for part in layout.tags]
        for tag, truth in zip(settled, right, strict=True):
            assert tag.pose is not None and not tag.pose.is_ambiguous and not is_other_nearer(tag, truth)
        next_image = observations(layout, pose, noise=0.12, rng=rng)
        without_bundle = TagLocator(bundles=[layout])
        for located_by, count in ((locator, followed), (without_bundle, alone)):
            found = located_by.locate(next_image, intrinsics=CAMERA)
            count.append(sum(is_other_nearer(tag, truth) for tag, truth in zip(found, right, strict=True)))
    assert sum(alone) > 20 and sum(followed) < 0.3 * sum(alone)


def test_one_tag_of_a_bundle_is_left_as_it_is() -> None:
    """One tag alone, one that is rejected and one that is no part of a bundle are what locate() said."""
    rng = np.random.default_rng(15)
    layout = body()
    locator = TagLocator(bundles=[layout], tag_size=0.05)
    pose = random_pose(rng)
    tags = locator.locate(observations(layout, pose, noise=0.05, rng=rng)[:1], intrinsics=CAMERA)
    assert locator.settle(tags, locator.locate_bundles(tags, intrinsics=CAMERA)) == tags
    seen = observations(layout, pose, noise=0.05, rng=rng)
    moved = seen[3].corners + 20.0
    seen[3] = TagObservation(seen[3].tag_id, "tag36h11", 0, 50.0, moved.mean(axis=0), moved)
    other = TagObservation(99, "tag36h11", 0, 50.0, seen[0].center + 200, seen[0].corners + 200)
    tags = locator.locate([*seen, other], intrinsics=CAMERA)
    settled = locator.settle(tags, locator.locate_bundles(tags, intrinsics=CAMERA))
    assert settled[3:] == tags[3:]
    assert locator.settle(tags, []) == tags


def is_other_nearer(tag: DetectedTag, truth: np.ndarray) -> bool:
    """Return whether the solution that was not chosen is the right one."""
    assert tag.pose is not None
    chosen, *others = (angle_between(one.camera_from_tag[:3, :3], truth[:3, :3]) for one in tag.pose.solutions)
    return any(other < chosen for other in others)


def test_without_its_tags_there_is_no_bundle() -> None:
    """Neither other tags nor missing intrinsics give a bundle."""
    rng = np.random.default_rng(6)
    layout = body()
    seen = observations(layout, random_pose(rng), noise=0.0, rng=rng)
    locator = TagLocator(bundles=[layout])
    assert locator.locate_bundles(locator.locate(seen, intrinsics=None), intrinsics=None) == []
    others = [TagObservation(99, seen[0].family, 0, 50.0, seen[0].center, seen[0].corners)]
    assert locator.locate_bundles(locator.locate(others, intrinsics=CAMERA), intrinsics=CAMERA) == []


def test_random_corners_give_finite_poses_or_none() -> None:
    """Whatever is seen of a bundle, numbers are finite."""
    rng = np.random.default_rng(7)
    layout = body()
    locator = TagLocator(bundles=[layout])
    found = 0
    for _ in range(100):
        seen = []
        for tag in layout.tags:
            corners = rng.uniform(0, 600, 2) + rng.uniform(5, 80) * np.array([[0, 1], [1, 1], [1, 0], [0, 0.0]])
            corners = corners + rng.uniform(-3, 3, (4, 2))
            seen.append(TagObservation(tag.tag_id, tag.family, 0, 50.0, corners.mean(axis=0), corners))
        for bundle in locator.locate_bundles(locator.locate(seen, intrinsics=CAMERA), intrinsics=CAMERA):
            found += 1
            assert np.isfinite(bundle.camera_from_bundle).all() and np.isfinite(bundle.reprojection_error_px)
            assert bundle.covariance is None or np.isfinite(bundle.covariance).all()
    assert found > 50
