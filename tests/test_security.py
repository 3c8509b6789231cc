"""What docs/security.md says of other users of the machine, and of encrypted enclaves."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Start = Callable[..., Any]
NOBODY = 65534
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
CAMERA = ("-m", "airo_camera.node", "--ros-args", "-r", "__ns:=/front", "-p", "source:='sim:?width=640&height=480'")
# Everything is imported by now: another user may not read our files.
READER = f"""
import os, pathlib
import rclpy
from airo_frames import FrameSubscription, FrameTimeoutError, all_formats
from rclpy_loans import apply_profile
apply_profile()
message_types = [one.msg_type for one in all_formats()]
os.environ["ROS_LOG_DIR"] = "/tmp"
os.setgroups([])
os.setgid({NOBODY})
os.setuid({NOBODY})
for path in pathlib.Path("/dev/shm").glob("fast_datasharing_*"):
    if path.stat().st_size > 640 * 480 * 3:
        try:
            path.open("rb")
        except PermissionError:
            print("refused", oct(path.stat().st_mode & 0o777), flush=True)
        else:
            print("opened", path, flush=True)
rclpy.init()
node = rclpy.create_node("stranger")
frames = FrameSubscription(node, "/front/frame")
try:
    frames.take(5.0)
    print("read a frame")
except FrameTimeoutError as error:
    print("told:", error, flush=True)
frames.close()
node.destroy_node()
rclpy.shutdown()
"""
LISTENER = """
import rclpy
rclpy.init()
node = rclpy.create_node("enclave")
"""


@pytest.fixture
def files_of_another_user(ros_domain: int) -> Iterator[None]:
    """Remove at the end the ports that a process of ours opened, too: its own user's `airo-ros2 clean` would."""
    yield
    for path in Path("/dev/shm").glob("*fastrtps_port*"):
        if path.stat().st_uid == NOBODY:
            path.unlink()


@needs_root
def test_another_user_cannot_read_the_memory_of_a_camera(files_of_another_user: None, start: Start, node: Any) -> None:
    """The file of the frames is refused to another user, who gets no frame and is told why."""
    from airo_frames import FrameSubscription

    start(*CAMERA)
    frames = FrameSubscription(node, "/front/frame")
    assert frames.take(60.0).is_zero_copy
    stranger = start("-c", READER)
    assert stranger.wait() == 0, stranger.errors
    frames.close()
    refused = [line for line in stranger.output if line.startswith("refused")]
    assert refused and set(refused) == {"refused 0o600"}, stranger.output
    assert re.search(r"runs as user 0 and this process as user 65534", stranger.output[-1]), stranger.output


def test_enclaves_are_refused_where_fast_dds_cannot_encrypt(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With ROS_SECURITY_ENABLE a node starts encrypted or not at all; from pip it is not at all, and says why."""
    library = next(Path(sys.prefix, "lib").glob("librmw_fastrtps_shared_cpp.so"), None)
    if library is None or b"doesn't have the security libraries" not in library.read_bytes():
        pytest.skip("this Fast DDS is built with security")
    (tmp_path / "enclaves").mkdir()
    monkeypatch.setenv("ROS_SECURITY_ENABLE", "true")
    monkeypatch.setenv("ROS_SECURITY_STRATEGY", "Enforce")
    monkeypatch.setenv("ROS_SECURITY_KEYSTORE", str(tmp_path))
    process = start("-c", LISTENER)
    assert process.wait() != 0
    assert any("This Fast DDS version doesn't have the security libraries" in line for line in process.errors)
