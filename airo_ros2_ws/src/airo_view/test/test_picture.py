"""Frames as pictures."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from airo_view.web.picture import encode_picture, reduction_for


def decoded(jpeg: bytes) -> Any:
    """Return (H, W, 3) uint8 RGB."""
    return cv2.cvtColor(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


@pytest.mark.parametrize("reduction", [1, 2, 4])
@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "mono8"])
def test_pictures_look_like_their_frames(encoding: str, reduction: int) -> None:
    """Each encoding shows the same colours, in the size that is asked for."""
    rgb = np.zeros((120, 160, 3), np.uint8)
    rgb[:60, :, 0], rgb[60:, :, 1], rgb[:, 80:, 2] = 200, 120, 90
    if encoding == "mono8":
        rgb = np.repeat(rgb[..., :1], 3, axis=2)
    image = {"rgb8": rgb, "bgr8": rgb[..., ::-1].copy(), "mono8": rgb[..., 0].copy()}[encoding]
    image.flags.writeable = False  # as in a frame
    shown = decoded(encode_picture(image, encoding, reduction, quality=95))
    assert shown.shape == (120 // reduction, 160 // reduction, 3)
    for row, column in ((0.2, 0.2), (0.2, 0.8), (0.8, 0.2), (0.8, 0.8)):
        there = shown[int(row * shown.shape[0]), int(column * shown.shape[1])]
        np.testing.assert_allclose(there, rgb[int(row * 120), int(column * 160)], atol=12)


@pytest.mark.parametrize(("encoding", "dtype"), [("16UC1", np.uint16), ("32FC1", np.float32)])
def test_depths_become_colours(encoding: str, dtype: Any) -> None:
    """Near is blue, far is red, unknown is black."""
    depths = np.tile(np.linspace(500, 4000, 160), (120, 1)).astype(dtype)
    depths[:16] = 0
    if dtype is np.float32:
        depths[16:24] = np.nan
    shown = decoded(encode_picture(depths, encoding, 1, quality=95)).astype(int)
    near, far = shown[80, 20], shown[80, 140]
    assert near[2] > near[0] and far[0] > far[2]
    assert shown[6].max() < 40


def test_depths_that_are_all_unknown() -> None:
    """There is a picture, and it is black."""
    shown = decoded(encode_picture(np.zeros((48, 64), np.uint16), "16UC1", 2, quality=90))
    assert shown.shape == (24, 32, 3) and shown.max() < 20


def test_the_smallest_picture_that_is_enough() -> None:
    """A thumbnail costs less; nothing is enlarged by more than a quarter."""
    assert [reduction_for(1920, width) for width in (300, 480, 600, 700, 960, 1200, 1300, 4000)] == [
        4, 4, 4, 2, 2, 2, 1, 1
    ]  # fmt: skip
    assert encode_picture(np.zeros((3, 3), np.uint8), "mono8", 4, quality=80)
