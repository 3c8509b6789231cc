"""Tests of airo_ros2.multiprocess; tests/toolkit runs it beside the original."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from airo_ros2 import CameraStartError, WrongCameraError
from airo_ros2.multiprocess import (
    MultiprocessRGBDPublisher,
    MultiprocessRGBDReceiver,
    MultiprocessRGBPublisher,
    MultiprocessRGBReceiver,
    MultiprocessStereoRGBDPublisher,
    MultiprocessStereoRGBDReceiver,
)

sys.path.insert(0, str(Path(__file__).parent))  # as for a script beside which the classes lie
from camera_classes import CountingCamera, DepthCamera, StereoCamera  # noqa: E402  # after the path


def test_rgb_as_in_the_toolkit(domain: int) -> None:
    """Start, receive, stop and join; the receiver has an image from the start and counts frames from 0."""
    publisher = MultiprocessRGBPublisher(CountingCamera, {"offset": 5}, "wrist")
    publisher.start()
    receiver = MultiprocessRGBReceiver("wrist")
    first = receiver.get_current_frame_id()
    assert (receiver.retrieve_rgb_image_as_int() == (first + 6) % 256).all()
    stamp = receiver.get_current_timestamp()
    receiver.grab_images()
    assert receiver.get_current_frame_id() > first and receiver.get_current_timestamp() > stamp
    assert receiver.resolution == (32, 24)
    assert publisher.is_alive() and publisher.exitcode is None and publisher.pid
    publisher.stop()
    publisher.join()
    assert not publisher.is_alive() and publisher.exitcode == 0
    receiver.close()


def test_without_blocking_the_last_frame_stays(domain: int) -> None:
    """block_until_new_frame=False grabs what there is: the same frame again when there is no newer one."""
    publisher = MultiprocessRGBPublisher(CountingCamera)
    publisher.start()
    receiver = MultiprocessRGBReceiver("camera", block_until_new_frame=False)
    numbers = [receiver.get_current_frame_id()]
    while numbers[-1] == numbers[0]:
        receiver.grab_images()
        numbers.append(receiver.get_current_frame_id())
    publisher.terminate()
    for _ in range(20):
        receiver.grab_images()
    assert (receiver.retrieve_rgb_image_as_int() == (receiver.get_current_frame_id() + 1) % 256).all()


def test_depth_and_stereo_twins(domain: int) -> None:
    """Depth, clouds and the second view come through; without enable_pointcloud there is no cloud."""
    with_depth = MultiprocessRGBDPublisher(DepthCamera, {}, "depth", enable_pointcloud=False)
    stereo = MultiprocessStereoRGBDPublisher(StereoCamera, shared_memory_namespace="stereo")
    with_depth.start()
    stereo.start()
    receiver = MultiprocessRGBDReceiver("depth", enable_pointcloud=False)
    np.testing.assert_allclose(receiver.retrieve_depth_map(), (receiver.get_current_frame_id() + 1) / 100)
    with pytest.raises(RuntimeError, match="enable_pointcloud"):
        receiver.retrieve_colored_point_cloud()
    both = MultiprocessStereoRGBDReceiver("stereo")
    both.grab_images()
    assert both.get_current_timestamp() > 1.6e9
    assert both.retrieve_colored_point_cloud().points.shape == (24 * 32, 3)
    assert (both.retrieve_rgb_image_as_int("right") - both.retrieve_rgb_image_as_int() == 100).all()
    with pytest.raises(WrongCameraError):
        MultiprocessStereoRGBDReceiver("depth")
    with_depth.kill()
    stereo.stop()
    assert with_depth.exitcode == -9 and both.get_current_frame_id() >= 0


@pytest.mark.parametrize(
    ("publisher_class", "right_class", "too_much_class"),
    [
        (MultiprocessRGBPublisher, MultiprocessRGBReceiver, MultiprocessRGBDReceiver),
        (MultiprocessRGBDPublisher, MultiprocessRGBDReceiver, MultiprocessStereoRGBDReceiver),
    ],
)
def test_a_publisher_sends_what_its_name_says(
    domain: int, publisher_class: Any, right_class: Any, too_much_class: Any
) -> None:
    """Depth, or a second view, that nobody asked for is neither computed by the camera nor sent."""
    publisher = publisher_class(StereoCamera, shared_memory_namespace="stereo")
    publisher.start()
    assert right_class("stereo").retrieve_rgb_image_as_int().shape == (24, 32, 3)
    with pytest.raises(WrongCameraError):
        too_much_class("stereo")
    publisher.stop()


def test_an_error_of_the_camera_arrives_at_the_start(domain: int) -> None:
    """A camera that cannot be opened is an exception of start()."""
    with pytest.raises(CameraStartError, match="not connected"):
        MultiprocessRGBPublisher(CountingCamera, {"error": "not connected"}).start()
