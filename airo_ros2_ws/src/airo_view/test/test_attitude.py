"""Angles of tags."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airo_view.attitude import yaw_pitch_roll

FACING = np.diag([1.0, -1.0, -1.0])  # camera_from_tag of an upright tag that faces the camera


def turned(*, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> np.ndarray:
    """Return the rotation about axes of the viewer (x right, y up, z towards him), degrees, applied to the tag."""
    vector = np.radians([x, y, z])
    return FACING @ cv2.Rodrigues(vector)[0]


def test_a_tag_that_faces_the_camera_has_no_angles() -> None:
    """Upright and frontal is zero."""
    assert yaw_pitch_roll(FACING) == pytest.approx((0.0, 0.0, 0.0))


@pytest.mark.parametrize(("axis", "index"), [("y", 0), ("x", 1), ("z", 2)])
def test_each_axis_is_an_angle_of_its_own(axis: str, index: int) -> None:
    """A turn about one axis is one angle with its sign."""
    expected = [0.0, 0.0, 0.0]
    expected[index] = 25.0
    assert yaw_pitch_roll(turned(**{axis: 25.0})) == pytest.approx(tuple(expected))


def test_what_positive_means() -> None:
    """Positive yaw turns the face to the right of the image, positive pitch down, positive roll anticlockwise."""
    assert turned(y=20)[0, 2] > 0  # the normal points to the camera's right
    assert turned(x=20)[1, 2] > 0  # the normal points down in the image
    assert turned(z=20)[1, 0] < 0  # the tag's right edge goes up in the image


@given(st.floats(-179, 179), st.floats(-85, 85), st.floats(-179, 179))
def test_angles_make_the_rotation_again(yaw: float, pitch: float, roll: float) -> None:
    """Yaw, then pitch, then roll give back the attitude."""
    about = [cv2.Rodrigues(np.radians(v))[0] for v in ([0, yaw, 0], [pitch, 0, 0], [0, 0, roll])]
    assert yaw_pitch_roll(FACING @ about[0] @ about[1] @ about[2]) == pytest.approx((yaw, pitch, roll), abs=1e-6)
