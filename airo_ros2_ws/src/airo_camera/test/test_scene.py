"""Tests of airo_camera.sources.scene."""

from __future__ import annotations

import math

import numpy as np
import pytest

from airo_camera.sources.scene import Scene, tag_corners
from airo_camera.sources.simulated_options import SimulatedOptions
from airo_camera.sources.source import TagTruth

MOMENTS = np.linspace(0, 60, 61)


def tilt_of(tag: TagTruth) -> float:
    """Return the angle between a tag's normal and its line of sight, degrees."""
    position = tag.camera_from_tag[:3, 3]
    return math.degrees(math.acos(-tag.camera_from_tag[:3, 2] @ position / np.linalg.norm(position)))


def sides_of(tag: TagTruth) -> np.ndarray:
    """Return the lengths of a tag's sides in the image, px."""
    return np.linalg.norm(np.roll(tag.corners, -1, axis=0) - tag.corners, axis=1)


def test_default_tags_are_large_and_tilted() -> None:
    """No side of a default tag is ever under 48 px, and no tilt is so small that its pose is ambiguous."""
    options = SimulatedOptions()
    scene = Scene(options, intrinsics=options.intrinsics())
    tags = [tag for moment in MOMENTS for tag in scene.tags_at(float(moment))]
    assert min(sides_of(tag).min() for tag in tags) > 55
    assert 20 < min(map(tilt_of, tags)) and max(map(tilt_of, tags)) <= options.tilt + 1e-6
    assert len({round(float(sides_of(tag).mean())) for tag in scene.tags_at(0.0)}) == options.tags


@pytest.mark.parametrize(
    "options",
    [
        SimulatedOptions(),
        SimulatedOptions(width=640, height=480, tilt=70),
        SimulatedOptions(tags=23, k1=-0.2),
        SimulatedOptions(tags=1, width=300, height=900, seed=4),
    ],
)
def test_papers_stay_in_the_image_and_apart(options: SimulatedOptions) -> None:
    """The white paper of each tag is inside the image and overlaps no other."""
    intrinsics = options.intrinsics()
    scene = Scene(options, intrinsics=intrinsics)
    for moment in MOMENTS:
        boxes = []
        for tag in scene.tags_at(float(moment)):
            paper = tag_corners(tag.camera_from_tag, edge=tag.size * 11 / 8, intrinsics=intrinsics)
            assert (paper >= 0).all() and (paper <= np.array(options.size_wh) - 1).all()
            boxes.append((paper.min(axis=0), paper.max(axis=0)))
        for index, (low, high) in enumerate(boxes):
            assert all((high < other_low).any() or (other_high < low).any() for other_low, other_high in boxes[:index])


def test_truth_is_a_pose_that_faces_the_camera() -> None:
    """The rotation is proper, the normal points to the viewer and the corners belong to the pose."""
    options = SimulatedOptions(k1=0.1)
    for tag in Scene(options, intrinsics=options.intrinsics()).tags_at(2.0):
        rotation = tag.camera_from_tag[:3, :3]
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(rotation) == pytest.approx(1)
        assert rotation[2, 2] < 0 and tag.camera_from_tag[2, 3] > 0
        corners = tag_corners(tag.camera_from_tag, edge=tag.size, intrinsics=options.intrinsics())
        np.testing.assert_array_equal(tag.corners, corners)


def test_frontal_tag_is_upright() -> None:
    """Without tilt, bottom-left is left of bottom-right and below top-left."""
    options = SimulatedOptions(tilt=0, tags=1, motion=0)
    (tag,) = Scene(options, intrinsics=options.intrinsics()).tags_at(0.0)
    bottom_left, bottom_right, _, top_left = tag.corners
    assert bottom_left[0] < bottom_right[0] and bottom_left[1] > top_left[1]
    assert tilt_of(tag) == pytest.approx(0, abs=1e-5)


def test_scene_repeats_with_its_seed() -> None:
    """The same options give the same tags; another seed gives others."""

    def poses(seed: int) -> np.ndarray:
        options = SimulatedOptions(seed=seed)
        tags = Scene(options, intrinsics=options.intrinsics()).tags_at(1.5)
        return np.array([tag.camera_from_tag for tag in tags])

    np.testing.assert_array_equal(poses(3), poses(3))
    assert not np.array_equal(poses(3), poses(4))


def test_motion_is_smooth_and_can_be_stopped() -> None:
    """Tags move a little from image to image, or not at all with motion=0."""
    moving, still = SimulatedOptions(), SimulatedOptions(motion=0)
    scene = Scene(moving, intrinsics=moving.intrinsics())
    for before, after in zip(scene.tags_at(1.0), scene.tags_at(1.0 + 1 / 30), strict=True):
        assert 0 < np.abs(after.corners - before.corners).max() < 4
    scene = Scene(still, intrinsics=still.intrinsics())
    assert scene.tags_at(0.0) is scene.tags_at(5.0)
