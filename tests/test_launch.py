"""launch/bringup.launch.py with the real launch, where it is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airo_camera_msgs.msg import TagDetections

from rclpy_loans import LoanSubscription, loan_qos

Start = Callable[..., Any]
LAUNCH_FILE = Path(__file__).resolve().parent.parent / "launch/bringup.launch.py"
LAUNCH = ("-c", "import sys; from ros2cli.cli import main; sys.exit(main())", "launch")


@pytest.fixture(autouse=True)
def launch_is_installed() -> None:
    """Skip without launch, which is not in the Python package index."""
    for module in ("launch_ros", "ros2launch"):
        pytest.importorskip(module, reason=f"{module} is not in the Python package index")


def test_launch_starts_the_main_job(start: Start, node: Any) -> None:
    """`ros2 launch tag_pose bringup.launch.py` publishes tags, and Ctrl-C ends it cleanly."""
    tags = LoanSubscription(node, TagDetections, "/front/tags", qos=loan_qos(16, reliable=True))
    process = start(
        *LAUNCH, "tag_pose", "bringup.launch.py", "namespace:=front", "tag_size:=0.2", "source:=sim:?tags=2"
    )
    found = tags.take_copy(60.0)
    assert int(found["count"]) == 2 and bool(found["zero_copy"])
    assert found["detections"]["size"][0] == 0.2
    tags.close()
    process.popen.send_signal(2)
    assert process.wait() == 0
    assert sum("process has finished cleanly" in line for line in process.output + process.errors) == 3


def test_launch_ends_when_the_camera_cannot_start(start: Start) -> None:
    """A missing source ends the whole launch and is said."""
    process = start(*LAUNCH, "tag_pose", "bringup.launch.py", "source:=/nowhere.png")
    process.wait()
    assert any("/nowhere.png does not exist" in line for line in process.output + process.errors)
