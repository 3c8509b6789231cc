"""The overlay shows what was found."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from tag_renderer import PlacedTag, facing_camera, render

from airo_frames.intrinsics import Intrinsics
from tag_pose.overlay import OUTLINE, draw_tags, yaw_pitch_roll
from tag_pose.tag_table import TagTable
from tag_pose.tagger import Tagger

INTRINSICS = Intrinsics.pinhole(600.0, 600.0, 199.5, 149.5)


def turned(axis: int, degrees: float) -> np.ndarray:
    """Return the pose of an upright tag that was turned about one of its own axes."""
    pose = facing_camera((0.0, 0.0, 1.0))
    pose[:3, :3] = pose[:3, :3] @ cv2.Rodrigues(np.eye(3)[axis] * np.radians(degrees))[0]
    return pose


def test_angles_of_single_turns() -> None:
    """Each angle is the turn about its own axis, and upright is zero."""
    np.testing.assert_allclose(yaw_pitch_roll(turned(2, 0.0)), [0, 0, 0], atol=1e-9)
    np.testing.assert_allclose(yaw_pitch_roll(turned(1, 20.0)), [20, 0, 0], atol=1e-9)
    np.testing.assert_allclose(yaw_pitch_roll(turned(0, 20.0)), [0, 20, 0], atol=1e-9)
    np.testing.assert_allclose(yaw_pitch_roll(turned(2, 170.0)), [0, 0, 170], atol=1e-9)
    # Its face is turned to the right of the image: its normal, z, has a positive x in the camera frame.
    assert turned(1, 20.0)[0, 2] > 0


def test_angles_give_the_rotation_back() -> None:
    """R = R_upright Ry(yaw) Rx(pitch) Rz(roll), for any rotation."""
    rng = np.random.default_rng(0)
    for _ in range(50):
        rotation = cv2.Rodrigues(rng.normal(size=3))[0]
        pose = np.eye(4)
        pose[:3, :3] = rotation
        yaw, pitch, roll = np.radians(yaw_pitch_roll(pose))
        parts = [cv2.Rodrigues(np.array(v))[0] for v in ([0, yaw, 0], [pitch, 0, 0], [0, 0, roll])]
        np.testing.assert_allclose(np.diag([1.0, -1, -1]) @ parts[0] @ parts[1] @ parts[2], rotation, atol=1e-9)


@pytest.mark.parametrize("with_pose", [True, False])
def test_outline_lies_on_the_tag(with_pose: bool) -> None:
    """The outline passes through the corners; the picture stays grey elsewhere, and text stands beside the tag."""
    gray = render([PlacedTag(3, 0.1, facing_camera((0, 0, 0.8)))], size_wh=(400, 300), intrinsics=INTRINSICS)
    intrinsics = INTRINSICS if with_pose else None
    with Tagger(tag_size=0.1) as tagger:
        tags = tagger.process(gray, intrinsics=intrinsics)
    image = draw_tags(gray, tags, intrinsics=intrinsics, table=TagTable())
    assert image.shape == (300, 400, 3) and image.dtype == np.uint8
    for x, y in np.rint(tags[0].observation.corners).astype(int):
        near = image[y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).astype(int)
        assert np.abs(near[:, 1:] - near[:, :1]).max() > 100  # coloured
    is_yellow = (np.abs(image.astype(int) - OUTLINE).max(axis=2) < 60).sum()
    assert is_yellow > 3 * 60
    np.testing.assert_array_equal(image[:40], np.repeat(gray[:40, :, None], 3, axis=2))
    changed = (image != gray[..., None]).any(axis=2)
    lowest = int(tags[0].observation.corners[:, 1].max()) + 4
    assert changed[lowest:].sum() > (600 if with_pose else 100)  # the text, below the tag


def test_degenerate_tags_are_drawn() -> None:
    """Tags at the border of the image, or far outside of it, do no harm; nor do images of any size."""
    gray = render([PlacedTag(3, 0.1, facing_camera((0, 0, 0.8)))], size_wh=(400, 300), intrinsics=INTRINSICS)
    with Tagger(tag_size=0.1) as tagger:
        tags = tagger.process(gray, intrinsics=INTRINSICS)
    assert tags
    for size in ((1, 1), (7, 7), (480, 640)):
        small = np.zeros(size, np.uint8)
        drawn = draw_tags(small, tags, intrinsics=Intrinsics.pinhole(1e-3, 1e7, -1e9, 1e9), table=TagTable())
        assert drawn.shape == (*size, 3)
