"""Tests of airo_frames.subscription with a real camera process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import Pose
from rclpy.executors import SingleThreadedExecutor
from rclpy.task import Future

from airo_frames import Frame, FrameOverwrittenError, FrameSubscription, FrameTimeoutError
from airo_frames.encodings import encoding_named

CAMERA = Path(__file__).with_name("camera.py")
STAMP_NANOS = 1_700_000_000_123_456_789
Start = Callable[..., Any]


def frame_after(camera: Any, subscription: FrameSubscription, size: str, encoding: str) -> Frame:
    """Let the camera publish until a frame comes through, and return it."""
    for _ in range(100):  # frames may be published before the connection is complete
        camera.say(f"publish 1 {size} {encoding}")
        number = int(camera.expect(r"published (\d+)")[1])
        try:
            frame = subscription.take(0.2)
        except FrameTimeoutError:
            continue
        if frame.sequence == number and frame.size_wh == tuple(map(int, size.split("x"))):
            return frame
    raise AssertionError("no frame came through")


@pytest.fixture
def camera(start: Start) -> Any:
    """Give a camera process that waits for orders."""
    process = start(CAMERA)
    process.expect("ready")
    return process


@pytest.mark.parametrize(
    ("encoding", "size", "message"),
    [
        ("rgb8", "640x480", "Image640x480"),
        ("bgr8", "799x533", "Image1280x720"),
        ("mono8", "1280x720", "Image640x480"),
        ("16UC1", "640x480", "Image640x480"),
        ("32FC1", "640x480", "Image1280x720"),
        ("rgb8", "1x1", "Image640x480"),
    ],
)
def test_a_frame_arrives_whole_and_in_place(node: Any, camera: Any, encoding: str, size: str, message: str) -> None:
    """Pixels, time, number, frame and intrinsics are what the camera wrote, without a copy, in every encoding."""
    subscription = FrameSubscription(node, "camera/frame")
    frame = frame_after(camera, subscription, size, encoding)
    kind = encoding_named(encoding)
    assert subscription.format is not None and subscription.format.msg_type.__name__ == message
    assert frame.is_zero_copy and frame.is_valid()
    assert frame.encoding == encoding and frame.image.dtype == kind.dtype
    assert frame.image.shape == kind.shape(frame.size_wh)
    assert (frame.image == frame.sequence % 256).all()
    assert (frame.stamp_nanos, frame.frame_id) == (STAMP_NANOS, "camera_optical_frame")
    assert frame.intrinsics is not None and frame.intrinsics.camera_matrix[1, 1] == 601.0
    assert not frame.image.flags.writeable
    subscription.close()


def test_a_camera_that_changes_to_larger_frames_is_followed(node: Any, camera: Any) -> None:
    """When frames outgrow their message class, the publisher changes it and the subscription follows."""
    subscription = FrameSubscription(node, "camera/frame")
    frame_after(camera, subscription, "640x480", "rgb8")
    frame = frame_after(camera, subscription, "1920x1080", "rgb8")
    assert frame.image.shape == (1080, 1920, 3) and frame.is_zero_copy
    smaller = frame_after(camera, subscription, "320x240", "mono8")
    assert smaller.image.shape == (240, 320)
    subscription.close()


def test_an_overwritten_frame_says_so(node: Any, camera: Any) -> None:
    """A frame that was held too long is not valid, and its copy is refused; a copy made in time stays."""
    subscription = FrameSubscription(node, "camera/frame")
    frame = frame_after(camera, subscription, "640x480", "rgb8")
    copied = frame.copy()
    camera.say("publish 10 640x480 rgb8")
    camera.expect("published")
    assert not frame.is_valid()
    for refused in (frame.check_valid, frame.copy):
        with pytest.raises(FrameOverwrittenError, match=f"frame {frame.sequence} of camera_optical_frame"):
            refused()
    assert copied.is_valid() and (copied.image == copied.sequence % 256).all() and copied.image.flags.writeable
    subscription.close()


def test_take_copy_gives_a_frame_to_keep(node: Any, camera: Any) -> None:
    """take_copy returns an array of our own."""
    subscription = FrameSubscription(node, "camera/frame")
    frame_after(camera, subscription, "640x480", "mono8")
    camera.say("publish 3 640x480 mono8")
    frame = subscription.take_copy(10.0)
    assert not frame.is_zero_copy and np.unique(frame.image).tolist() == [frame.sequence % 256]
    subscription.close()


def test_an_executor_calls_the_callback(node: Any, camera: Any) -> None:
    """With a callback, frames come through the node's executor."""
    frames: list[Frame] = []
    done = Future()

    def on_frame(frame: Frame) -> None:
        frames.append(frame)
        done.set_result(None)

    subscription = FrameSubscription(node, "camera/frame", on_frame)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    for _ in range(100):
        camera.say("publish 1 640x480 rgb8")
        camera.expect("published")
        executor.spin_until_future_complete(done, timeout_sec=0.2)
        if done.done():
            break
    executor.shutdown()
    assert frames and frames[0].is_zero_copy
    subscription.close()


def test_without_a_camera_the_timeout_says_so(node: Any) -> None:
    """Without any camera the error says how to find one."""
    subscription = FrameSubscription(node, "camera/frame")
    with pytest.raises(
        FrameTimeoutError, match=r"no frame on /camera/frame within 0.05 s: no camera was found"
    ) as caught:
        subscription.take(0.05)
    assert isinstance(caught.value, TimeoutError)
    subscription.close()


def test_a_wrong_name_lists_the_cameras_that_run(node: Any, camera: Any) -> None:
    """With a wrong topic the error names the topics that have frames."""
    right = FrameSubscription(node, "camera/frame")
    frame_after(camera, right, "640x480", "rgb8")
    wrong = FrameSubscription(node, "camra/frame")
    with pytest.raises(FrameTimeoutError, match="nobody publishes there; frames are published on /camera/frame$"):
        wrong.take(0.05)
    right.close()
    wrong.close()


def test_a_topic_of_another_type_is_named(node: Any) -> None:
    """When something else is published on the topic, the error names its type."""
    publisher = node.create_publisher(Pose, "camera/frame", 1)
    subscription = FrameSubscription(node, "camera/frame")
    with pytest.raises(FrameTimeoutError, match="what is published there is geometry_msgs/msg/Pose, not a frame"):
        subscription.take(0.3)
    subscription.close()
    node.destroy_publisher(publisher)
