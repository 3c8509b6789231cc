"""Tests of airo_frames.intrinsics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from airo_frames import ArrayContractError, Intrinsics

K = [[600.0, 0.0, 320.0], [0.0, 600.0, 240.0], [0.0, 0.0, 1.0]]


def test_pinhole_has_no_distortion_and_a_matching_projection() -> None:
    """A pinhole camera projects with its camera matrix."""
    intrinsics = Intrinsics.pinhole(600.0, 601.0, 320.0, 240.0)
    assert intrinsics.distortion.size == 0
    assert (intrinsics.projection[:, :3] == intrinsics.camera_matrix).all()
    assert not intrinsics.camera_matrix.flags.writeable


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"camera_matrix": np.eye(4)}, r"camera_matrix has shape \(4, 4\): expected \(3, 3\)"),
        ({"camera_matrix": np.full((3, 3), np.nan)}, "not finite"),
        ({"camera_matrix": np.diag([0.0, 1.0, 1.0])}, "focal lengths 0 and 1 px: expected both above 0"),
        ({"camera_matrix": K, "distortion": np.zeros(15)}, "15 coefficients: expected at most 14"),
        ({"camera_matrix": K, "distortion": [np.inf]}, "distortion holds numbers that are not finite"),
        ({"camera_matrix": K, "projection": np.eye(3)}, r"projection has shape \(3, 3\): expected \(3, 4\)"),
    ],
)
def test_bad_numbers_are_refused(arguments: dict[str, Any], text: str) -> None:
    """Wrong shapes, numbers that are not finite and impossible focal lengths are refused."""
    with pytest.raises(ArrayContractError, match=text):
        Intrinsics(**arguments)
