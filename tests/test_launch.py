"""launch/bringup.launch.py with the real launch, where it is installed."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
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
    deadline, tick = time.monotonic() + 60.0, threading.Event()
    while "compressed_relay" not in node.get_node_names():  # until then it knows no order
        assert time.monotonic() < deadline
        tick.wait(0.05)
    process.popen.send_signal(2)
    assert process.wait() == 0
    assert sum("process has finished cleanly" in line for line in process.output + process.errors) == 3


def test_launch_ends_when_the_camera_cannot_start(start: Start) -> None:
    """A missing source ends the whole launch and is said."""
    process = start(*LAUNCH, "tag_pose", "bringup.launch.py", "source:=/nowhere.png")
    process.wait()
    assert any("/nowhere.png does not exist" in line for line in process.output + process.errors)


def test_launch_starts_a_set_up_file(start: Start, node: Any, tmp_path: Path) -> None:
    """`config:=` starts the processes of the file; one that is killed is started again."""
    setup = tmp_path / "lab.yaml"
    setup.write_text(
        """
restart: {first_wait: 0.1}
cameras:
  front: {source: "sim:?tags=2", size: [640, 480], tags: {size: 0.2, nice: 6}}
  side: {source: "sim:", size: [640, 480], tags: false}
"""
    )
    tags = LoanSubscription(node, TagDetections, "/front/tags", qos=loan_qos(16, reliable=True))
    process = start(*LAUNCH, "tag_pose", "bringup.launch.py", f"config:={setup}")
    found = tags.take_copy(60.0)
    assert int(found["count"]) == 2 and found["detections"]["size"][0] == 0.2
    pattern = r"\[([\w.]+)-\d\]: process started with pid \[(\d+)\]"
    started = [match for line in process.output + process.errors if (match := re.search(pattern, line))]
    assert [match[1] for match in started] == [
        "front.camera",
        "front.tag_pose",
        "side.camera",
        "web_view",
        "relay",
        "compressed_relay",
    ]
    process_id = int(started[1][2])
    assert os.getpriority(os.PRIO_PROCESS, process_id) == 6
    os.kill(process_id, signal.SIGKILL)
    process.expect(r"front.tag_pose-2\]: process started", stream="errors" if process.errors else "output")
    tags.take_copy(60.0)
    tags.close()
    process.popen.send_signal(signal.SIGINT)
    assert process.wait() == 0
    process.kill_group()  # a process was killed: ros_domain then removes what it left, which launch does not
