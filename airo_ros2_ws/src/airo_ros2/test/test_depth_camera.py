"""Tests of airo_ros2.depth_camera with simulated cameras in processes of their own, whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from airo_ros2 import Camera, NotGrabbedError, RGBDCamera, StereoRGBDCamera, WrongCameraError, serve_camera

BASELINE = 0.12


@pytest.fixture
def stereo(domain: int) -> Iterator[StereoRGBDCamera]:
    """Give a simulated stereo camera."""
    spec = f"sim:tags?stereo={BASELINE}&width=320&height=240&noise=0"
    with serve_camera(spec, "stereo"), StereoRGBDCamera("stereo", timeout=30.0) as camera:
        yield camera


def test_depth_image_and_cloud_belong_together(stereo: StereoRGBDCamera) -> None:
    """Each point of the cloud has the depth and the colour of its pixel."""
    with pytest.raises(NotGrabbedError):
        stereo.retrieve_depth_map()
    stereo.grab_images()
    depth, image, cloud = stereo.retrieve_depth_map(), stereo.retrieve_rgb_image_as_int(), None
    cloud = stereo.retrieve_colored_point_cloud()
    assert depth.shape == (240, 320) and depth.dtype == np.float32
    known = np.isfinite(depth)
    np.testing.assert_allclose(cloud.points[:, 2], depth[known], rtol=1e-6)
    np.testing.assert_array_equal(cloud.colors, image[known])
    assert stereo.retrieve_confidence_map().shape == depth.shape
    shown = stereo.retrieve_depth_image()
    assert shown.shape == (240, 320, 3) and shown.dtype == np.uint8
    nearest, farthest = np.nanargmin(depth), np.nanargmax(depth)
    assert shown.reshape(-1, 3)[nearest, 0] == 255 and shown.reshape(-1, 3)[farthest, 0] == 0


def test_both_views_are_of_one_frame(stereo: StereoRGBDCamera) -> None:
    """A patch of the left view is found in the right one where its depth says."""
    stereo.grab_images()
    left, right = stereo.retrieve_rgb_image_as_int(), stereo.retrieve_rgb_image_as_int("right")
    assert (left != right).any()
    np.testing.assert_allclose(stereo.pose_of_right_view_in_left_view[:3, 3], [BASELINE, 0, 0])
    focal = stereo.intrinsics_matrix("right")[0, 0]
    depth = stereo.retrieve_depth_map()
    rows, columns = np.mgrid[40:200:8, 120:300:8].reshape(2, -1)
    shifted = np.rint(columns - focal * BASELINE / depth[rows, columns]).astype(int)
    inside = (shifted >= 0) & np.isfinite(depth[rows, columns])
    difference = left[rows, columns].astype(int) - right[rows, np.clip(shifted, 0, None)]
    assert np.median(np.abs(difference[inside])) < 10
    with pytest.raises(ValueError, match="left or right"):
        stereo.retrieve_rgb_image("middle")
    assert stereo.retrieve_rgb_image("right").dtype == np.float32


def test_borrowed_planes_lie_in_shared_memory(stereo: StereoRGBDCamera) -> None:
    """A borrowed frame shows both views and the depth without a copy."""
    with stereo.borrow() as frame:
        assert frame.is_zero_copy
        assert not frame.depth.flags.writeable and not frame.right.image.flags.writeable


def test_less_may_be_asked_of_a_camera_but_not_more(stereo: StereoRGBDCamera) -> None:
    """A stereo camera is also one with depth, and one with colours; the other way round is a clear error."""
    with Camera("stereo") as camera, RGBDCamera("stereo") as with_depth:
        camera.grab_images()
        assert not hasattr(camera.frame, "depth")
        with_depth.grab_images()
        assert with_depth.retrieve_depth_map().shape == (240, 320)
        assert not hasattr(with_depth.frame, "right")
    with serve_camera("sim:?width=320&height=240", "plain"):
        with pytest.raises(WrongCameraError, match=r"has no depth: use Camera\('plain'\)"):
            RGBDCamera("plain", timeout=30.0)
    with serve_camera("sim:?width=320&height=240&depth=1", "mono"):
        with pytest.raises(WrongCameraError, match=r"has no second view: use RGBDCamera\('mono'\)"):
            StereoRGBDCamera("mono", timeout=30.0)


def test_deprecated_getters_of_depth_work(stereo: StereoRGBDCamera) -> None:
    """get_* of depth and clouds grab and retrieve in one."""
    for name in ("depth_map", "depth_image", "confidence_map", "colored_point_cloud", "rgb_image_as_int", "rgb_image"):
        with pytest.warns(DeprecationWarning, match=f"retrieve_{name}"):
            getattr(stereo, f"get_{name}")()
