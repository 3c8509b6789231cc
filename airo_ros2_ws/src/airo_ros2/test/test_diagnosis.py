"""Tests of airo_ros2.diagnosis; those of missing and ended cameras are in test_camera.py."""

from __future__ import annotations

from typing import Any

import pytest
from geometry_msgs.msg import Pose

from airo_ros2 import Camera, CameraNotFoundError, FrameTimeoutError
from airo_ros2.diagnosis import running_cameras_text
from airo_ros2.testing import FakeCamera


def test_a_camera_that_has_not_published_yet(domain: int) -> None:
    """A camera that is connected but silent from the start is told from one that is missing."""
    with FakeCamera("front", fps=None) as fake:
        fake.hang()
        with pytest.raises(FrameTimeoutError, match="is connected, but has not published a frame yet") as caught:
            for _ in range(100):  # until it was found
                try:
                    Camera("front", timeout=0.3)
                except CameraNotFoundError:
                    continue
        assert not isinstance(caught.value, CameraNotFoundError)


def test_a_camera_that_does_not_share(start: Any, domain: int) -> None:
    """A camera without shared memory, as on another machine, is told from a silent one, with what to do."""
    program = (
        "import os; os.environ['RMW_FASTRTPS_USE_QOS_FROM_XML'] = '0'\n"
        "from airo_ros2.testing import FakeCamera\n"
        "with FakeCamera('front', fps=None) as fake: fake.hang(); print('ready', flush=True); input()"
    )
    camera = start("-c", program)
    camera.expect("ready")
    with pytest.raises(FrameTimeoutError, match="does not share memory with this process.*--ipc=host"):
        for _ in range(100):
            try:
                Camera("front", timeout=0.3)
            except CameraNotFoundError:
                continue
    camera.say("")
    assert camera.wait() == 0, camera.errors


def test_something_else_under_the_name(node: Any, domain: int) -> None:
    """What is published there instead of frames is named."""
    node.create_publisher(Pose, "/front/frame", 1)
    with pytest.raises(CameraNotFoundError, match="is geometry_msgs/msg/Pose, not frames"):
        for _ in range(100):
            try:
                Camera("front", timeout=0.3)
            except CameraNotFoundError as error:
                if "not frames" in str(error):
                    raise


def test_near_names_come_first() -> None:
    """What may have been meant is said before what else there is; something quite different is only listed."""
    assert running_cameras_text(["front", "wrist"], "frotn") == "did you mean 'front'? running are front, wrist"
    assert running_cameras_text(["front", "wrist"], "zed") == "running are front, wrist"
