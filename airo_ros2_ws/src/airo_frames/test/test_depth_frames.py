"""Tests of frames with depth, stereo frames and point clouds, with a real camera process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import airo_camera_msgs.msg
import numpy as np
import pytest

from airo_frames import (
    ArrayContractError,
    Frame,
    FrameOverwrittenError,
    FramesError,
    FrameSubscription,
    FrameTimeoutError,
    PointCloudPublisher,
    PointCloudSubscription,
    RgbdFrame,
    RgbdPublisher,
    StereoRgbdFrame,
    StereoRgbdPublisher,
)
from airo_frames.exceptions import EncodingError
from airo_frames.point_cloud_frame import PointCloudFrame
from rclpy_loans import message_dtype
from rclpy_loans.sample import Sample

CAMERA = Path(__file__).with_name("depth_camera.py")
STAMP_NANOS = 1_700_000_000_123_456_789
Start = Callable[..., Any]


def taken(camera: Any, subscription: Any, what: str) -> Any:
    """Let the camera publish until what it published last comes through, and return it."""
    for _ in range(100):  # messages may be published before the connection is complete
        camera.say(f"publish 1 {what}")
        number, type_name = camera.expect(r"published (\d+) (\S+)").groups()
        try:
            view = subscription.take(0.2)
        except FrameTimeoutError:
            continue
        if view.sequence == int(number) and subscription.format.type_name == type_name:
            return view
    raise AssertionError("nothing came through")


@pytest.fixture
def camera(start: Start) -> Any:
    """Give a camera process that waits for orders."""
    process = start(CAMERA)
    process.expect("ready")
    return process


@pytest.fixture
def frames(node: Any) -> Any:
    """Give a subscription to the camera's frames."""
    subscription = FrameSubscription(node, "camera/frame")
    yield subscription
    subscription.close()


@pytest.mark.parametrize(
    ("size", "encoding", "message"),
    [
        ("640x480", "rgb8", "Rgbd640x480"),
        ("1280x720", "mono8", "Rgbd1280x720"),  # its pixels would fit the smaller class, their depths would not
        ("799x533", "bgr8", "Rgbd1280x720"),
    ],
)
def test_image_depth_and_confidence_are_one_frame(
    camera: Any, frames: FrameSubscription, size: str, encoding: str, message: str
) -> None:
    """All that the camera wrote arrives together, in place, as views of the sizes of the image."""
    frame = taken(camera, frames, f"{size} {encoding} Rgbd")
    if frame.confidence is None:
        frame = taken(camera, frames, f"{size} {encoding} Rgbd")
    assert type(frame) is RgbdFrame and frames.format is not None and frames.format.msg_type.__name__ == message
    assert frame.is_zero_copy and frame.encoding == encoding
    width, height = (int(number) for number in size.split("x"))
    assert frame.depth.shape == frame.confidence.shape == (height, width) == frame.image.shape[:2]
    assert frame.depth.dtype == frame.confidence.dtype == np.float32
    assert (frame.image == frame.sequence % 256).all() and (frame.depth == frame.sequence).all()
    assert (frame.confidence == np.float32(0.25)).all() and frame.is_valid()
    assert not any(array.flags.writeable for array in (frame.image, frame.depth, frame.confidence))
    assert frame.intrinsics is not None and frame.intrinsics.camera_matrix[1, 1] == 601.0
    assert frame.stamp_nanos == STAMP_NANOS


def test_confidence_is_none_when_the_camera_has_none(camera: Any, frames: FrameSubscription) -> None:
    """Every second frame of this camera has no confidence."""
    found = {}
    while len(found) < 2:
        frame = taken(camera, frames, "640x480 rgb8 Rgbd")
        found[frame.sequence % 2] = frame.confidence is None
    assert found == {0: True, 1: False}


def test_a_stereo_frame_has_both_views(camera: Any, frames: FrameSubscription) -> None:
    """Both images, both intrinsics and the pose between them are in one message, in place."""
    frame = taken(camera, frames, "640x480 rgb8 StereoRgbd")
    assert type(frame) is StereoRgbdFrame and isinstance(frame, RgbdFrame) and isinstance(frame, Frame)
    assert frame.is_zero_copy and frame.right.size_wh == frame.size_wh == (640, 480)
    assert (frame.rgb == frame.sequence % 256).all() and (frame.right.rgb == (frame.sequence + 1) % 256).all()
    assert (frame.depth == frame.sequence).all() and frame.is_valid()
    assert frame.left_from_right.shape == (4, 4) and frame.left_from_right[0, 3] == 0.12
    assert frame.intrinsics is not None and frame.right.intrinsics is not None
    assert frame.intrinsics.camera_matrix[0, 0] == 600.0 and frame.intrinsics.distortion.size == 0
    np.testing.assert_array_equal(frame.right.intrinsics.distortion, np.arange(8) / 100)
    assert not frame.right.image.flags.writeable


def test_a_copy_is_whole_and_an_overwritten_frame_is_refused(camera: Any, frames: FrameSubscription) -> None:
    """A copy holds every plane; when the slot was reused, neither a copy nor a cloud is made."""
    frame = taken(camera, frames, "640x480 rgb8 StereoRgbd")
    copied = frame.copy()
    assert type(copied) is StereoRgbdFrame
    camera.say("publish 10 640x480 rgb8 StereoRgbd")
    camera.expect("published")
    assert not frame.is_valid() and copied.is_valid() and not copied.is_zero_copy
    for refused in (frame.check_valid, frame.copy, frame.point_cloud):
        with pytest.raises(FrameOverwrittenError, match=f"frame {frame.sequence} of camera_optical_frame"):
            refused()
    assert (copied.depth == copied.sequence).all() and (copied.right.image == copied.sequence + 1).all()
    assert copied.depth.flags.writeable and copied.right.image.flags.writeable
    assert len(copied.point_cloud().points) == 640 * 480


def test_copies_beside_a_fast_camera_are_of_one_frame(camera: Any, frames: FrameSubscription) -> None:
    """While the camera reuses its slots, what is copied, or says that it is valid, has all planes of one frame."""
    taken(camera, frames, "640x480 rgb8 StereoRgbd")
    camera.say("publish 400 640x480 rgb8 StereoRgbd")
    whole = 0
    while whole < 30:
        frame = frames.take(10.0)
        assert isinstance(frame, StereoRgbdFrame)
        try:
            copied = frame.copy()
        except FrameOverwrittenError:
            continue
        planes = (copied.image, copied.depth % 256, copied.right.image - np.uint8(1))
        assert all((plane == copied.sequence % 256).all() for plane in planes)
        assert (copied.confidence is None) == (copied.sequence % 2 == 0)
        whole += 1
    camera.expect("published")


def test_a_camera_that_changes_size_and_family_is_followed(camera: Any, frames: FrameSubscription) -> None:
    """From colour to colour with depth, to larger frames, to stereo and back: the subscription follows."""
    for what, kind in (
        ("640x480 rgb8 Image", Frame),
        ("640x480 rgb8 Rgbd", RgbdFrame),
        ("1280x720 rgb8 Rgbd", RgbdFrame),
        ("1280x720 rgb8 StereoRgbd", StereoRgbdFrame),
        ("640x480 rgb8 Image", Frame),
    ):
        frame = taken(camera, frames, what)
        assert type(frame) is kind and frame.is_zero_copy
        assert "x".join(map(str, frame.size_wh)) == what.split()[0]


def test_a_cloud_of_the_camera_arrives_in_place(node: Any, camera: Any) -> None:
    """Points and colours that were written arrive, no more; a subscription to frames does not take a cloud for one."""
    clouds = PointCloudSubscription(node, "camera/cloud")
    cloud = taken(camera, clouds, "321x200 rgb8 PointCloud")
    assert cloud.is_zero_copy and cloud.points.shape == cloud.colors.shape == (321 * 200, 3)
    assert (cloud.points == cloud.sequence).all() and (cloud.colors == cloud.sequence % 256).all() and cloud.is_valid()
    copied = cloud.copy()
    assert copied.points.flags.writeable and not cloud.points.flags.writeable
    assert clouds.format is not None and clouds.format.msg_type.__name__ == "PointCloud640x480"
    frames = FrameSubscription(node, "camera/cloud")
    with pytest.raises(FrameTimeoutError, match="is airo_camera_msgs/msg/PointCloud640x480, not a frame"):
        frames.take(0.05)
    frames.close()
    clouds.close()


def test_what_does_not_fit_the_image_is_refused(node: Any) -> None:
    """Depth, confidence and the right view have the image's size, and a pose is a matrix."""
    image, depth = np.zeros((4, 6, 3), np.uint8), np.zeros((4, 6), np.float32)
    rgbd = RgbdPublisher(node, "rgbd", size_wh=(6, 4), encoding="rgb8", frame_id="camera")
    stereo = StereoRgbdPublisher(node, "stereo", size_wh=(6, 4), encoding="rgb8", frame_id="camera")
    clouds = PointCloudPublisher(node, "cloud", count=4, frame_id="camera")
    given: dict[str, Any] = {"stamp_nanos": 1, "encoding": "rgb8"}
    for refused, text in (
        (lambda: rgbd.publish(image, depth[:2], **given), r"got depth of shape \(2, 6\), float32: expected \(4, 6\)"),
        (lambda: rgbd.publish(image, depth, depth.astype(float), **given), r"got confidence .* float64: expected"),
        (lambda: rgbd.publish(depth, depth, **given), r"got an image of shape \(4, 6\), float32"),
        (
            lambda: stereo.publish(image, image[:2], depth, left_from_right=np.eye(4), **given),
            r"got a right view of shape \(2, 6, 3\): expected \(4, 6, 3\)",
        ),
        (
            lambda: stereo.publish(image, image, depth, left_from_right=np.eye(3), **given),
            r"left_from_right is .*: expected a finite \(4, 4\) matrix",
        ),
        (lambda: clouds.publish(depth, stamp_nanos=1), r"got points of shape \(4, 6\), float32: expected \(N, 3\)"),
        (
            lambda: clouds.publish(depth[:, :3].copy(), image[0, :, :], stamp_nanos=1),
            r"got colours of shape \(6, 3\), uint8: expected \(4, 3\) uint8",
        ),
    ):
        with pytest.raises(ArrayContractError, match=text):
            refused()
    rgbd.publish(image, depth, **given)
    stereo.publish(image, image, depth, depth, left_from_right=np.eye(4), **given)
    clouds.publish(depth[:, :3].copy(), stamp_nanos=1)
    assert rgbd.sequence == stereo.sequence == clouds.sequence == 1
    for publisher in (rgbd, stereo, clouds):
        publisher.close()


def test_a_cloud_needs_a_calibrated_camera(node: Any) -> None:
    """Without intrinsics there is a frame, but no cloud, and the error says what to do."""
    subscription = FrameSubscription(node, "frame")
    publisher = RgbdPublisher(node, "frame", size_wh=(6, 4), encoding="mono8", frame_id="camera")
    frame = None
    while frame is None:
        publisher.publish(np.zeros((4, 6), np.uint8), np.ones((4, 6), np.float32), stamp_nanos=1, encoding="mono8")
        try:
            frame = subscription.take(0.2)
        except FrameTimeoutError:
            continue
    assert isinstance(frame, RgbdFrame) and frame.intrinsics is None
    with pytest.raises(FramesError, match="has no intrinsics: a point cloud needs a calibrated camera"):
        frame.point_cloud()
    subscription.close()
    publisher.close()


@pytest.mark.parametrize(
    ("name", "changes", "read"),
    [
        ("Rgbd640x480", {"width": 1280, "height": 480, "step": 1280, "encoding": b"mono8"}, RgbdFrame.from_sample),
        ("PointCloud640x480", {"count": 640 * 480 + 1}, PointCloudFrame.from_sample),
    ],
)
def test_a_message_that_claims_too_much_is_refused(name: str, changes: dict[str, Any], read: Any) -> None:
    """Sizes beyond what the message holds are an error, not a read beyond its end."""
    record = np.zeros((), message_dtype(getattr(airo_camera_msgs.msg, name)))
    for field, value in changes.items():
        record[field] = np.frombuffer(value.ljust(16, b"\0"), np.uint8) if isinstance(value, bytes) else value
    with pytest.raises(EncodingError, match="claims"):
        read(Sample(record, "topic", (0, 0, 1, b"")))
