"""Frames between the real nodes cost no copy."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from airo_camera_msgs.msg import TagDetections

from airo_frames import FrameSubscription
from rclpy_loans import LoanSubscription, loan_qos

Start = Callable[..., Any]


def mapped_segments(pid: int | str) -> list[tuple[int, int, str, str]]:
    """Return (start, end, permissions, path) of every mapping of a data-sharing segment in a process."""
    found = []
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        match = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) .* (/\S*fast_datasharing\S*)", line)
        if match:
            found.append((int(match[1], 16), int(match[2], 16), match[3], match[4]))
    return found


def test_readers_see_the_segment_that_the_camera_writes(start: Start, node: Any) -> None:
    """Our view, and tag_pose's, lie in the very file that the camera node has mapped writable."""
    arguments = ("--ros-args", "-r", "__ns:=/camera", "-p", "source:='sim:?width=1920&height=1080'")
    camera = start("-m", "airo_camera.node", *arguments)
    tag_pose = start("-m", "tag_pose.node", "--ros-args", "-r", "__ns:=/camera")
    tags = LoanSubscription(node, TagDetections, "/camera/tags", qos=loan_qos(16, reliable=True))
    subscription = FrameSubscription(node, "camera/frame")
    frame = subscription.take(60.0)
    assert frame.is_zero_copy and frame.image.shape == (1080, 1920, 3)
    address = frame.image.ctypes.data
    (path,) = {path for low, high, _, path in mapped_segments("self") if low <= address < high - frame.image.nbytes}
    written = {path for _, _, permissions, path in mapped_segments(camera.popen.pid) if "w" in permissions}
    assert path in written
    sample = tags.take(60.0)
    assert bool(sample["zero_copy"])
    read = [permissions for _, _, permissions, read_path in mapped_segments(tag_pose.popen.pid) if read_path == path]
    assert "r--s" in read  # Fast DDS maps it as well: a private mapping of the same file would be copy-on-write
    subscription.close()
    tags.close()


def test_a_slow_reader_does_not_slow_the_camera(start: Start, node: Any) -> None:
    """While a reader holds a frame and takes no other, the camera goes on to number its frames."""
    camera = start("-m", "airo_camera.node", "--ros-args", "-r", "__ns:=/camera", "-p", "source:='sim:?fps=60'")
    subscription = FrameSubscription(node, "camera/frame")
    held = subscription.take(60.0)
    watcher = FrameSubscription(node, "camera/frame")
    while watcher.take(60.0).sequence < held.sequence + 20:
        pass
    assert not held.is_valid()
    while subscription.take(10.0).sequence < held.sequence + 20:
        pass
    assert camera.popen.poll() is None
    subscription.close()
    watcher.close()
