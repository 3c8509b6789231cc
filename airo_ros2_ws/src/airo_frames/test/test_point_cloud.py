"""Tests of airo_frames.point_cloud."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from airo_frames import ArrayContractError, Intrinsics, colored_point_cloud, unproject

K = np.array([[60.0, 0.0, 30.5], [0.0, 65.0, 20.25], [0.0, 0.0, 1.0]])
RNG = np.random.default_rng(3)
DEPTH = RNG.uniform(0.3, 4.0, (40, 60)).astype(np.float32)
RGB = RNG.integers(0, 255, (40, 60, 3), dtype=np.uint8)


@pytest.mark.parametrize("distortion", [[], [-0.2], [-0.2, 0.05, 0.003, -0.002], [0.3, 0.1, 0, 0, 0.02, 0.25, 0.05, 0]])
def test_points_are_seen_at_their_pixels(distortion: list[float]) -> None:
    """Projecting the points with OpenCV gives back each pixel, with and without distortion; their z is the depth."""
    points = unproject(DEPTH, intrinsics=Intrinsics(K, np.array(distortion)))
    assert points.shape == (40, 60, 3) and points.dtype == np.float32
    np.testing.assert_array_equal(points[..., 2], DEPTH)
    given = np.pad(np.array(distortion), (0, 8 - len(distortion)))
    pixels, _ = cv2.projectPoints(points.reshape(-1, 1, 3).astype(float), np.zeros(3), np.zeros(3), K, given)
    across, down = np.meshgrid(np.arange(60), np.arange(40))
    np.testing.assert_allclose(pixels.reshape(40, 60, 2), np.stack([across, down], axis=-1), atol=1e-3)


def test_points_without_depth_are_left_out() -> None:
    """The cloud holds the pixels with depth in their order, with their colours; organised, it holds all of them."""
    depth = DEPTH.copy()
    depth[::3, 1::2] = np.nan
    known = np.isfinite(depth)
    intrinsics = Intrinsics(K)
    cloud = colored_point_cloud(depth, RGB, intrinsics=intrinsics)
    assert cloud.colors is not None
    np.testing.assert_array_equal(cloud.points, unproject(DEPTH, intrinsics=intrinsics)[known])
    np.testing.assert_array_equal(cloud.colors, RGB[known])
    organized = colored_point_cloud(depth, RGB[..., ::-1], intrinsics=intrinsics, organized=True)
    assert organized.colors is not None and organized.points.shape == (2400, 3)
    np.testing.assert_array_equal(np.isnan(organized.points).all(axis=1), ~known.ravel())
    np.testing.assert_array_equal(organized.colors, RGB[..., ::-1].reshape(-1, 3))


def test_a_whole_cloud_is_new_arrays() -> None:
    """Where every pixel has a depth, the colours are a copy all the same; without an image there are none."""
    cloud = colored_point_cloud(DEPTH, RGB, intrinsics=Intrinsics(K))
    assert cloud.colors is not None and not np.shares_memory(cloud.colors, RGB)
    assert colored_point_cloud(DEPTH, None, intrinsics=Intrinsics(K)).colors is None


def test_wrong_arrays_are_refused() -> None:
    """A depth of another dtype and colours of another size are errors, as is a lens that cannot be undistorted."""
    with pytest.raises(ArrayContractError, match=r"shape \(40, 60\), float64: expected \(H, W\) float32"):
        unproject(DEPTH.astype(float), intrinsics=Intrinsics(K))
    with pytest.raises(ArrayContractError, match=r"colours of shape \(39, 60, 3\), uint8: expected \(40, 60, 3\)"):
        colored_point_cloud(DEPTH, RGB[1:], intrinsics=Intrinsics(K))
    fisheye = Intrinsics(K, np.array([0.1, 0, 0, 0]), distortion_model="equidistant")
    with pytest.raises(ArrayContractError, match="'equidistant': expected one of plumb_bob, rational_polynomial"):
        unproject(DEPTH, intrinsics=fisheye)
