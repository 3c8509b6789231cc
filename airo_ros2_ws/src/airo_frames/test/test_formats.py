"""Tests of airo_frames.formats."""

from __future__ import annotations

import pytest

from airo_frames import FrameTooLargeError, all_formats, smallest_format
from airo_frames.formats import FRAME_FAMILIES, message_named, smallest_cloud_format


@pytest.mark.parametrize("family", [*FRAME_FAMILIES, "PointCloud"])
def test_formats_are_sorted_and_named(family: str) -> None:
    """The registry knows every class of each family, smallest first."""
    formats = all_formats(family)
    assert [f.size_wh for f in formats] == [(640, 480), (1280, 720), (1920, 1080), (2208, 1242), (3840, 2160)]
    per_pixel = 12 if family == "PointCloud" else 3
    assert all(f.capacity == f.size_wh[0] * f.size_wh[1] * per_pixel for f in formats)


@pytest.mark.parametrize(
    ("size_wh", "encoding", "expected"),
    [
        ((640, 480), "rgb8", (640, 480)),
        ((641, 480), "rgb8", (1280, 720)),
        ((480, 640), "bgr8", (640, 480)),
        ((1920, 1080), "mono8", (1280, 720)),
        ((1920, 1080), "16UC1", (1920, 1080)),
        ((3840, 2160), "rgb8", (3840, 2160)),
    ],
)
def test_the_smallest_class_that_fits_is_chosen(
    size_wh: tuple[int, int], encoding: str, expected: tuple[int, int]
) -> None:
    """What counts is the bytes of the image, not its shape."""
    assert smallest_format(size_wh, encoding).size_wh == expected


@pytest.mark.parametrize(
    ("size_wh", "encoding", "expected"),
    [
        ((640, 480), "rgb8", (640, 480)),
        ((1920, 1080), "mono8", (1920, 1080)),  # its pixels would fit the class below, its depths would not
        ((640, 480), "32FC1", (1280, 720)),
    ],
)
def test_depth_needs_its_place_too(size_wh: tuple[int, int], encoding: str, expected: tuple[int, int]) -> None:
    """With depth, what counts is both the bytes of the image and the number of its pixels."""
    for family in ("Rgbd", "StereoRgbd"):
        assert smallest_format(size_wh, encoding, family=family).size_wh == expected


def test_clouds_are_chosen_by_their_points() -> None:
    """The smallest class that holds the points is chosen; what fits nowhere is refused."""
    assert smallest_cloud_format(0).size_wh == smallest_cloud_format(640 * 480).size_wh == (640, 480)
    assert smallest_cloud_format(640 * 480 + 1).size_wh == (1280, 720)
    with pytest.raises(FrameTooLargeError, match="got a cloud of 8294401 points: .* holds 8294400"):
        smallest_cloud_format(3840 * 2160 + 1)


def test_a_frame_that_fits_nowhere_is_refused() -> None:
    """The error says what was got, what is possible and what to do."""
    with pytest.raises(
        FrameTooLargeError, match="got a 7680x4320 rgb8 image.*add a resolution to msg_defs/formats.yaml"
    ):
        smallest_format((7680, 4320), "rgb8")
    with pytest.raises(FrameTooLargeError, match="got a 8000x1100 mono8 image of 8800000 bytes with 8800000 depths"):
        smallest_format((8000, 1100), "mono8", family="Rgbd")


def test_types_are_found_by_name() -> None:
    """Frames and clouds are found, or only those of the families asked for."""
    found = message_named("airo_camera_msgs/msg/Image1280x720")
    assert found is not None and found.size_wh == (1280, 720)
    assert message_named("sensor_msgs/msg/Image") is None
    cloud = "airo_camera_msgs/msg/PointCloud640x480"
    assert message_named(cloud) is not None and message_named(cloud, families=FRAME_FAMILIES) is None
