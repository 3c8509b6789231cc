"""Quaternions and angles of rotations."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from airo_frames.rotation import angle_between, quaternion_xyzw


def test_quaternions_rotate_as_their_matrices() -> None:
    """For random rotations and for half turns, which divide by small numbers in naive formulas."""
    rng = np.random.default_rng(0)
    axes = rng.normal(size=(500, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    angles = np.concatenate([rng.uniform(0, np.pi, 250), np.pi - np.geomspace(1e-9, 1e-2, 250)])
    for axis, angle in zip(axes, angles, strict=True):
        quaternion = quaternion_xyzw(cv2.Rodrigues(axis * angle)[0])
        assert np.linalg.norm(quaternion) == pytest.approx(1.0, abs=1e-12)
        assert quaternion[3] >= 0
        np.testing.assert_allclose(quaternion, [*(axis * np.sin(angle / 2)), np.cos(angle / 2)], atol=1e-8)


@pytest.mark.parametrize("axis", range(3))
def test_half_turns_have_one_sign(axis: int) -> None:
    """With w = 0 the last number that is not 0 decides."""
    diagonal = -np.ones(3)
    diagonal[axis] = 1.0
    np.testing.assert_array_equal(quaternion_xyzw(np.diag(diagonal)), np.eye(4)[axis])


def test_sign_does_not_depend_on_rounding() -> None:
    """Closer to a half turn than numbers can tell, the sign is that of the half turn."""
    for angle in (np.pi - 1e-15, np.pi, np.pi + 1e-15):
        quaternion = quaternion_xyzw(cv2.Rodrigues(np.array([0.0, -0.6, 0.8]) * angle)[0])
        np.testing.assert_allclose(quaternion, [0.0, -0.6, 0.8, 0.0], atol=1e-12)


@pytest.mark.parametrize("angle", [0.0, 1e-6, 0.5, np.pi / 2, np.pi])
def test_angle_between_rotations(angle: float) -> None:
    """The angle is exact near 0 and near a half turn."""
    one = cv2.Rodrigues(np.array([0.3, -0.2, 0.9]))[0]
    other = one @ cv2.Rodrigues(np.array([0.6, 0.0, 0.8]) * angle)[0]
    assert angle_between(one, other) == pytest.approx(angle, abs=1e-9)
