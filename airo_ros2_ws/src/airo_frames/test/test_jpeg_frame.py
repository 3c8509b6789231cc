"""Tests of airo_frames.jpeg_frame."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from airo_frames import EncodingError, Frame, Intrinsics
from airo_frames.jpeg_frame import decode_frame, encode_frame

INTRINSICS = Intrinsics(
    np.array([[50.0, 0.0, 31.5], [0.0, 51.0, 23.5], [0.0, 0.0, 1.0]]),
    distortion=np.array([0.1, -0.05, 0.001, 0.002, 0.0]),
)


def frame_of(encoding: str, intrinsics: Intrinsics | None = INTRINSICS) -> Frame:
    """Return a frame with a smooth image."""
    across = np.broadcast_to(np.linspace(0, 255, 64), (48, 64)).astype(np.uint8)
    image = across if encoding == "mono8" else np.dstack([across, across // 2, np.full_like(across, 30)])
    return Frame(image, encoding, 123_456_789_012, 77, "front_optical_frame", intrinsics)


@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "mono8"])
def test_a_frame_comes_back(encoding: str) -> None:
    """Everything but the loss of JPEG is as it was."""
    frame = frame_of(encoding)
    jpeg = encode_frame(frame, quality=95)
    again = decode_frame(jpeg, stamp_nanos=frame.stamp_nanos, frame_id=frame.frame_id, sequence=1)
    assert (again.encoding, again.sequence, again.stamp_nanos) == (encoding, 77, frame.stamp_nanos)
    assert np.abs(again.image.astype(int) - frame.image).mean() < 3.0
    assert not again.is_zero_copy and again.is_valid() and not again.image.flags.writeable
    assert again.intrinsics is not None
    for name in ("camera_matrix", "distortion", "rectification", "projection"):
        assert np.array_equal(getattr(again.intrinsics, name), getattr(INTRINSICS, name))


def test_a_camera_that_is_not_calibrated_stays_so() -> None:
    """No intrinsics are no intrinsics."""
    jpeg = encode_frame(frame_of("rgb8", None), quality=80)
    assert decode_frame(jpeg, stamp_nanos=0, frame_id="", sequence=1).intrinsics is None


def test_images_of_others_are_understood() -> None:
    """A JPEG image without our comment, and a PNG image, are colours with the number that was counted."""
    for suffix in (".jpg", ".png"):
        data = cv2.imencode(suffix, np.full((48, 64, 3), (250, 0, 0), np.uint8))[1].tobytes()
        frame = decode_frame(data, stamp_nanos=5, frame_id="other", sequence=3)
        assert (frame.sequence, frame.encoding, frame.intrinsics) == (3, "rgb8", None)
        assert np.abs(frame.image[0, 0].astype(int) - (0, 0, 250)).max() < 6


@pytest.mark.parametrize("data", [b"", b"\xff\xd8", b"not an image", b"\xff\xd8\xff\xfe\x00\x20airo-ros2 {broken"])
def test_rubbish_is_an_error(data: bytes) -> None:
    """What is no image is said to be none."""
    with pytest.raises(EncodingError, match="image"):
        decode_frame(data, stamp_nanos=0, frame_id="", sequence=1)


def test_depth_cannot_be_jpeg() -> None:
    """An encoding without a JPEG form names those that have one."""
    frame = Frame(np.zeros((4, 4), np.float32), "32FC1", 0, 1, "", None)
    with pytest.raises(EncodingError, match="a 32FC1 frame cannot be a JPEG image: expected rgb8, bgr8, mono8"):
        encode_frame(frame, quality=80)
