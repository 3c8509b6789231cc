"""Tests of airo_ros2.pixels."""

from __future__ import annotations

import numpy as np
import pytest

from airo_frames import EncodingError
from airo_ros2.pixels import as_depth_image, as_rgb, confidence_of_edges


def test_every_encoding_with_colours_becomes_rgb() -> None:
    """bgr8 is turned round, mono8 repeated; depth is refused."""
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    np.testing.assert_array_equal(as_rgb(image, "bgr8"), image[..., ::-1])
    np.testing.assert_array_equal(as_rgb(image[..., 0], "mono8"), image[..., :1].repeat(3, axis=2))
    copied = as_rgb(image, "rgb8")
    assert not np.shares_memory(copied, image)
    with pytest.raises(EncodingError, match="camera.frame.image"):
        as_rgb(image[..., 0].astype(np.float32), "32FC1")


def test_depth_without_any_known_point() -> None:
    """A depth map in which nothing is known is a black image of full confidence."""
    depth = np.full((4, 5), np.nan, np.float32)
    assert not as_depth_image(depth).any()
    assert (confidence_of_edges(depth) == 1).all()


def test_confidence_is_low_where_the_depth_jumps() -> None:
    """Between near and far there is a line without confidence."""
    depth = np.ones((40, 40), np.float32)
    depth[:, 20:] = 3.0
    confidence = confidence_of_edges(depth)
    assert (confidence[10:30, 18:22] == 0).any(axis=1).all()
    assert (confidence[:, :15] == 1).all()
