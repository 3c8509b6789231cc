"""Tests of airo_ros2.serving with real processes."""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from airo_ros2 import Camera, CameraGoneError, CameraServer, CameraStartError, CameraStoppedError, serve_camera

sys.path.insert(0, str(Path(__file__).parent))  # as for a script beside which the classes lie
from camera_classes import (  # noqa: E402  # after the path
    CountingCamera,
    CrashingCamera,
    HangingCamera,
    StereoCamera,
)

PATIENCE_SECS = 30.0
Start = Callable[..., Any]
SERVE = """
import os, sys
import numpy as np
from airo_ros2 import Camera, serve_camera

class Mine:
    resolution, fps = (32, 24), 50
    def grab_images(self): pass
    def retrieve_rgb_image_as_int(self): return np.full((24, 32, 3), VALUE, np.uint8)

VALUE = 7
server = serve_camera(Mine, "mine", rate=50)
camera = Camera("mine")
camera.grab_images()
print("serving", server.process_id, camera.retrieve_rgb_image_as_int().max(), flush=True)
sys.stdin.readline()
"""


def has_ended(process_id: int) -> bool:
    """Return whether a process is gone, or only waits for init to take note."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def wait_for_end(process_id: int) -> None:
    """Wait until a process has ended."""
    descriptor = os.pidfd_open(process_id)
    try:
        assert select.select([descriptor], [], [], PATIENCE_SECS)[0]
    finally:
        os.close(descriptor)


def test_a_class_is_served_and_ended(domain: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class with arguments becomes a camera; leaving the block lets go of its device and ends its process."""
    trace = tmp_path / "trace"
    monkeypatch.setenv("CAMERA_TRACE", str(trace))
    with serve_camera(CountingCamera, "mine", camera_kwargs={"offset": 100}) as server:
        with Camera("mine", timeout=PATIENCE_SECS) as camera:
            camera.grab_images()
            assert (camera.retrieve_rgb_image_as_int() == (camera.sequence + 100) % 256).all()
            assert camera.intrinsics_matrix()[0, 0] == 30
            server.check()
            assert server.is_running and server.process_id not in (None, os.getpid())
            server.close()
            assert not server.is_running and server.exit_status == 0
            server.check()
            with pytest.raises(CameraGoneError):
                for _ in range(100):
                    camera.grab_images(timeout=0.5)
    assert trace.read_text() == "released\n"


def test_whatever_a_camera_has_is_served(domain: int) -> None:
    """A stereo camera with depth is one for its readers, too."""
    from airo_ros2 import StereoRGBDCamera

    with serve_camera(StereoCamera, "stereo"), StereoRGBDCamera("stereo", timeout=PATIENCE_SECS) as camera:
        camera.grab_images()
        left, right = camera.retrieve_rgb_image_as_int(), camera.retrieve_rgb_image_as_int("right")
        assert ((right - left) == 100).all()
        np.testing.assert_allclose(camera.retrieve_depth_map() * 100, left[..., 0])
        np.testing.assert_array_equal(camera.pose_of_right_view_in_left_view, np.eye(4))


def test_a_specification_and_a_function_are_served(domain: int) -> None:
    """sim: and others, and functions, closures included, are served like classes."""
    offset = 50
    with serve_camera("sim:?width=320&height=240", "sim"), serve_camera(lambda: CountingCamera(offset), "mine"):
        with Camera("sim", timeout=PATIENCE_SECS) as sim, Camera("mine", timeout=PATIENCE_SECS) as mine:
            sim.grab_images()
            mine.grab_images()
            assert sim.resolution == (320, 240)
            assert (mine.retrieve_rgb_image_as_int() == (mine.sequence + offset) % 256).all()


@pytest.mark.parametrize(
    ("camera", "kwargs", "words"),
    [
        (CountingCamera, {"error": "Is it connected?"}, "CountingCamera could not be opened: RuntimeError: Is it conn"),
        (CountingCamera, {"nonsense": 1}, "unexpected keyword argument 'nonsense'"),
        (dict, {}, "without grab_images and retrieve_rgb_image_as_int"),
        ("nonsense:", {}, "cannot understand the source 'nonsense:'"),
        ("/nowhere.png", {}, "/nowhere.png does not exist"),
        ("airo:nowhere.Camera", {}, "nowhere"),
        (CrashingCamera, {}, "its process was killed by SIGSEGV"),
    ],
)
def test_an_error_at_the_start_arrives_here(domain: int, camera: Any, kwargs: dict[str, Any], words: str) -> None:
    """Whatever goes wrong in the camera's process is one exception here, which says it; the process has ended."""
    server = CameraServer(camera, "bad", camera_kwargs=kwargs)
    with pytest.raises(CameraStartError, match="camera 'bad' could not be started: ") as caught:
        server.start(timeout=PATIENCE_SECS)
    assert words in str(caught.value)
    assert not server.is_running


def test_the_traceback_of_the_process_is_kept(domain: int) -> None:
    """The line of the camera's class in which it failed can be found."""
    with pytest.raises(CameraStartError) as caught:
        serve_camera(CountingCamera, "bad", camera_kwargs={"error": "broken"})
    assert "raise RuntimeError(error)" in caught.value.traceback_text
    assert "in the other process" in str(caught.value.__cause__)


def test_a_camera_without_images_does_not_hang_the_start(domain: int) -> None:
    """A camera that gives no image is given up after the timeout, and its process ends."""
    server = CameraServer(HangingCamera, "slow")
    with pytest.raises(CameraStartError, match="gave no image within 1.5 s"):
        server.start(timeout=1.5)
    assert not server.is_running


def test_an_object_cannot_be_served() -> None:
    """An opened camera is refused at once, and what to give instead is said."""
    with pytest.raises(CameraStartError, match=r"serve_camera\(CountingCamera, camera_kwargs=...\)"):
        serve_camera(CountingCamera(), "bad")  # type: ignore[arg-type]


def test_what_cannot_be_sent_is_named() -> None:
    """Arguments that cannot be pickled are an error before any process is started."""
    with pytest.raises(CameraStartError, match="cannot be sent to its process"):
        serve_camera(CountingCamera, "bad", camera_kwargs={"offset": threading.Lock()})


def test_a_failure_later_is_told(domain: int) -> None:
    """When the camera fails while it runs, check() raises its error; a regular end of the source does not."""
    with serve_camera(CountingCamera, "mine", camera_kwargs={"fails_at": 5}) as server:
        assert server.wait(PATIENCE_SECS)
        with pytest.raises(CameraStoppedError, match="failed: RuntimeError: the cable was pulled"):
            server.check()
    with serve_camera(CountingCamera, "mine", camera_kwargs={"ends_at": 5}) as server:
        assert server.wait(PATIENCE_SECS)
        server.check()
        with pytest.raises(CameraStartError, match="has been started already"):
            server.start()


@pytest.mark.parametrize("end", ["exit", "SIGINT", "SIGTERM", "SIGKILL"])
def test_the_camera_ends_with_the_program(start: Start, end: str) -> None:
    """However the program ends that serves a class of its own, without a __main__ guard, the camera ends, too."""
    program = start("-c", SERVE)
    match = program.expect(r"serving (\d+) (\d+)")
    assert match[2] == "7"
    camera = int(match[1])
    assert not has_ended(camera)
    if end == "exit":
        program.say("")
        assert program.wait() == 0, program.errors
    elif end == "SIGKILL":
        program.kill_group()
    else:
        program.popen.send_signal(getattr(signal, end))
        program.wait()
    if not has_ended(camera):
        wait_for_end(camera)


def test_a_killed_camera_leaves_nothing(domain: int) -> None:
    """After kill -9 of the camera's process, closing the server removes what it left in shared memory."""
    with serve_camera(CountingCamera, "mine") as server:
        server.send_signal(signal.SIGKILL)
        assert server.wait(PATIENCE_SECS)
        with pytest.raises(CameraStoppedError, match="was killed by SIGKILL"):
            server.check()
