"""Tests of airo_frames.formats."""

from __future__ import annotations

import pytest

from airo_frames import FrameTooLargeError, all_formats, smallest_format
from airo_frames.formats import message_named


def test_formats_are_sorted_and_named() -> None:
    """The registry knows every class of the family, smallest first."""
    assert [f.size_wh for f in all_formats()] == [(640, 480), (1280, 720), (1920, 1080), (2208, 1242), (3840, 2160)]
    assert all(f.capacity == f.size_wh[0] * f.size_wh[1] * 3 for f in all_formats())


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


def test_a_frame_that_fits_nowhere_is_refused() -> None:
    """The error says what was got, what is possible and what to do."""
    with pytest.raises(
        FrameTooLargeError, match="got a 7680x4320 rgb8 image.*add a resolution to msg_defs/formats.yaml"
    ):
        smallest_format((7680, 4320), "rgb8")


def test_types_are_found_by_name() -> None:
    """Only frames of the family are found."""
    found = message_named("airo_camera_msgs/msg/Image1280x720")
    assert found is not None and found.size_wh == (1280, 720)
    assert message_named("sensor_msgs/msg/Image") is None
