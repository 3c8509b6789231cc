"""Tests of airo_frames.publisher."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from airo_frames import ArrayContractError, EncodingError, FramePublisher, FrameTooLargeError


@pytest.fixture
def publisher(node: Any) -> Any:
    """Give a publisher of small colour frames."""
    made = FramePublisher(node, "frame", size_wh=(640, 480), encoding="rgb8", frame_id="camera_optical_frame")
    yield made
    made.close()


def test_frames_are_numbered_from_one(publisher: FramePublisher) -> None:
    """Each published frame has the next number, unless it is given one; one that failed takes none."""
    for _ in range(2):
        publisher.publish(np.zeros((480, 640, 3), np.uint8), stamp_nanos=1, encoding="rgb8")
    with pytest.raises(KeyError), publisher.borrow(stamp_nanos=1, size_wh=(640, 480), encoding="rgb8"):
        raise KeyError
    assert publisher.sequence == 2
    publisher.publish(np.zeros((480, 640, 3), np.uint8), stamp_nanos=1, encoding="rgb8", sequence=7)
    assert publisher.sequence == 7
    assert publisher.is_zero_copy


def test_the_class_grows_with_the_frames(publisher: FramePublisher) -> None:
    """A larger frame changes the message class, a smaller one does not."""
    assert publisher.format.type_name == "airo_camera_msgs/msg/Image640x480"
    publisher.publish(np.zeros((2160, 3840, 3), np.uint8), stamp_nanos=1, encoding="bgr8")
    assert publisher.format.type_name == "airo_camera_msgs/msg/Image3840x2160"
    publisher.publish(np.zeros((480, 640), np.uint8), stamp_nanos=1, encoding="mono8")
    assert publisher.format.type_name == "airo_camera_msgs/msg/Image3840x2160"


@pytest.mark.parametrize(
    ("image", "encoding", "error", "text"),
    [
        (
            np.zeros((4, 4), np.uint8),
            "rgb8",
            ArrayContractError,
            r"shape \(4, 4\), uint8: expected \(height, width, 3\) uint8",
        ),
        (np.zeros((4, 4, 3), np.float32), "bgr8", ArrayContractError, "float32: expected"),
        (np.zeros((4, 4), np.float64), "32FC1", ArrayContractError, r"float64: expected \(height, width\) float32"),
        (np.zeros((0, 4), np.uint8), "mono8", ArrayContractError, r"shape \(0, 4\)"),
        (np.zeros(4, np.uint8), "mono8", ArrayContractError, r"shape \(4,\)"),
        (np.zeros((4, 4), np.uint8), "yuv422", EncodingError, "unknown encoding 'yuv422': expected one of rgb8"),
        (
            np.zeros((2161, 3840, 3), np.uint8),
            "rgb8",
            FrameTooLargeError,
            "3840x2161 rgb8 image of 24894720 bytes: the largest",
        ),
    ],
)
def test_bad_images_are_refused(
    publisher: FramePublisher, image: Any, encoding: str, error: type[Exception], text: str
) -> None:
    """An image that does not suit its encoding, or no message, is refused with what was got and expected."""
    with pytest.raises(error, match=text):
        publisher.publish(image, stamp_nanos=1, encoding=encoding)


def test_a_frame_id_that_is_too_long_is_refused(node: Any) -> None:
    """A frame id of more bytes than the message holds is an error, not cut off."""
    publisher = FramePublisher(node, "frame", size_wh=(4, 4), encoding="mono8", frame_id="x" * 65)
    with pytest.raises(ArrayContractError, match="frame_id 'x+' has 65 bytes: expected at most 64"):
        publisher.publish(np.zeros((4, 4), np.uint8), stamp_nanos=1, encoding="mono8")
    publisher.close()
