"""Tests of airo_ros2.publish."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import Image

from airo_frames import ArrayContractError, Frame
from airo_ros2 import Camera, FrameTimeoutError, publish_image
from airo_ros2.testing import FakeCamera

PATIENCE_SECS = 30.0


@pytest.fixture
def reader(domain: int) -> Iterator[Camera]:
    """Give a camera that reads what is published under the name mine."""
    with FakeCamera("mine", fps=None) as placeholder:  # so that there is something to attach to
        camera = Camera("mine", timeout=PATIENCE_SECS)
        camera.grab_images()
        placeholder.disappear()
    yield camera


def published_until_read(camera: Camera, image: Any, **options: Any) -> Frame:
    """Publish an image again and again until its reader has one, and return that."""
    for _ in range(100):  # what is published before the connection is complete is not seen
        publish_image("mine", image, **options)
        try:
            camera.grab_images(timeout=0.2)
        except FrameTimeoutError:
            continue
        return camera.frame
    raise AssertionError("no image came through")


@pytest.mark.parametrize(
    ("image", "encoding"),
    [
        (np.random.default_rng(1).integers(0, 256, (24, 32, 3), np.uint8), "rgb8"),
        (np.random.default_rng(1).integers(0, 256, (24, 32), np.uint8), "mono8"),
        (np.random.default_rng(1).random((24, 32), np.float32), "32FC1"),
    ],
)
def test_others_read_what_was_published(reader: Camera, image: Any, encoding: str) -> None:
    """The array arrives whole under its name, in the encoding that it looks like."""
    frame = published_until_read(reader, image)
    np.testing.assert_array_equal(frame.image, image)
    assert (frame.encoding, frame.frame_id) == (encoding, "mine_optical_frame")


def test_floats_are_images_from_0_to_1(reader: Camera) -> None:
    """What retrieve_rgb_image() gives can be published as it is."""
    image = np.linspace(-0.1, 1.1, 24 * 32 * 3, dtype=np.float32).reshape(24, 32, 3)
    frame = published_until_read(reader, image)
    np.testing.assert_allclose(frame.image, np.clip(image, 0, 1) * 255, atol=0.5)


def test_results_look_like_their_camera(reader: Camera) -> None:
    """With like= the image has the time, frame id and intrinsics of the camera that it was made from."""
    with FakeCamera("front", size_wh=(32, 24)), Camera("front", timeout=PATIENCE_SECS) as front:
        front.grab_images()
        frame = published_until_read(reader, front.retrieve_rgb_image_as_int(), like=front)
        assert (frame.stamp_nanos, frame.frame_id) == (front.stamp_nanos, "front_optical_frame")
        assert frame.intrinsics is not None
        np.testing.assert_array_equal(frame.intrinsics.camera_matrix, front.intrinsics_matrix())


def test_ros_tools_see_a_standard_image(node: Any, domain: int) -> None:
    """A reliable subscription to image_raw, as rviz2 makes it, gets a sensor_msgs/Image of the same pixels."""
    image = np.random.default_rng(1).integers(0, 256, (240, 320, 3), np.uint8)
    received: list[Image] = []
    node.create_subscription(Image, "/mine/image_raw", received.append, 5)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    for _ in range(200):
        publish_image("mine", image, stamp_nanos=1_500_000_000_000_000_007)
        executor.spin_once(timeout_sec=0.05)
        if received:
            break
    executor.shutdown()
    message = received[0]
    assert (message.width, message.height, message.step, message.encoding) == (320, 240, 960, "rgb8")
    assert (message.header.frame_id, message.header.stamp.nanosec) == ("mine_optical_frame", 7)
    np.testing.assert_array_equal(np.frombuffer(message.data, np.uint8).reshape(240, 320, 3), image)


@pytest.mark.parametrize("shape", [(24, 32, 4), (24,), (24, 32, 3, 1)])
def test_what_is_no_image_is_refused(shape: tuple[int, ...]) -> None:
    """An array that cannot be an image is an error which says what can."""
    with pytest.raises(ArrayContractError, match="expected \\(height, width, 3\\) uint8 RGB"):
        publish_image("mine", np.zeros(shape, np.uint8))
