"""The facade beside airo_camera_toolkit itself, where `make toolkit` has installed it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from airo_ros2.testing import FakeCamera

ROOT = Path(__file__).resolve().parent.parent
TOOLKIT = ROOT / "build/toolkit"
EXAMPLES = ROOT / "examples/facade"
Start = Callable[..., Any]
ISINSTANCE = """
import airo_ros2
camera = airo_ros2.Camera("front")  # before the interfaces are imported
from airo_camera_toolkit import interfaces
print(isinstance(camera, interfaces.RGBCamera), isinstance(camera, interfaces.DepthCamera))
print(issubclass(airo_ros2.RGBDCamera, interfaces.RGBDCamera), issubclass(airo_ros2.RGBDCamera, interfaces.DepthCamera))
print(issubclass(airo_ros2.StereoRGBDCamera, interfaces.StereoRGBDCamera))
print(all(hasattr(airo_ros2.StereoRGBDCamera, name) for name in dir(interfaces.StereoRGBDCamera) if name[0] != "_"))
camera.grab_images()
from airo_camera_toolkit.utils.image_converter import ImageConverter
bgr = ImageConverter.from_numpy_format(camera.retrieve_rgb_image()).image_in_opencv_format
print((bgr == camera.sequence % 256).all())
"""
BRIDGE = """
from airo_ros2 import Camera
from airo_camera_toolkit.cameras.multiprocess.multiprocess_rgb_camera import (
    MultiprocessRGBPublisher, MultiprocessRGBReceiver,
)
if __name__ == "__main__":
    import multiprocessing
    multiprocessing.set_start_method("spawn")
    publisher = MultiprocessRGBPublisher(Camera, {"name": "front"}, shared_memory_namespace="bridge")
    publisher.start()
    receiver = MultiprocessRGBReceiver("bridge")
    levels = []
    for _ in range(5):
        receiver.grab_images()
        image = receiver.retrieve_rgb_image_as_int()
        levels.append(int(image[0, 0, 0]))
        assert (image == levels[-1]).all()
    print(levels == sorted(set(levels)), receiver.resolution, receiver.intrinsics_matrix()[0, 0])
    publisher.stop()
    publisher.join()
"""
CLOUD = """
from airo_ros2 import RGBDCamera, serve_camera
from airo_camera_toolkit.point_clouds.conversions import open3d_to_point_cloud, point_cloud_to_open3d
from airo_camera_toolkit.point_clouds.operations import crop_point_cloud
with serve_camera("sim:?depth=1&width=320&height=240", "depth"), RGBDCamera("depth") as camera:
    camera.grab_images()
    cloud = camera.retrieve_colored_point_cloud()
    back = open3d_to_point_cloud(point_cloud_to_open3d(cloud))
    print((back.points == cloud.points).all())
    print(len(crop_point_cloud(cloud, ((-9, -9, 0), (9, 9, 99))).points) == len(cloud.points))
"""

RERUN = """
import sys
import cv2
import numpy as np
import rerun
from airo_camera_toolkit.cameras.multiprocess.multiprocess_rerun_logger import MultiprocessRGBRerunLogger
from airo_ros2 import Camera
logged, log = [], rerun.log
def look_and_log(path, image):
    logged.append((path, cv2.imdecode(np.asarray(image.blob.as_arrow_array().to_pylist()[0], np.uint8), 1)))
    log(path, image)
rerun.log = look_and_log
rerun.init("test")
rerun.save(sys.argv[1])
logger = MultiprocessRGBRerunLogger("front")  # what its process does, with our camera for its receiver
logger._receiver = Camera("front", newest=False)
for _ in range(3):
    logger._receiver.grab_images()
    logger._log_rgb_image()
    path, image = logged[-1]
    print(path, image.shape, abs(int(image[0, 0, 0]) - logger._receiver.sequence % 256) <= 1)
rerun.get_global_data_recording().flush()
"""
RECORDER = """
import os
import sys
from airo_ros2 import Camera
from airo_camera_toolkit.cameras.multiprocess.multiprocess_rgb_camera import (
    MultiprocessRGBPublisher, MultiprocessRGBReceiver,
)
from airo_camera_toolkit.cameras.multiprocess.multiprocess_video_recorder import MultiprocessVideoRecorder
if __name__ == "__main__":
    import multiprocessing
    multiprocessing.set_start_method("spawn")
    publisher = MultiprocessRGBPublisher(Camera, {"name": "front"}, shared_memory_namespace="bridge")
    publisher.start()
    receiver = MultiprocessRGBReceiver("bridge")
    recorder = MultiprocessVideoRecorder("bridge", sys.argv[1])
    recorder.start()
    while not os.path.exists(sys.argv[1]):  # it gives no other sign of life
        receiver.grab_images()
    for _ in range(30):
        receiver.grab_images()
    recorder.stop()
    publisher.stop()
    publisher.join()
"""


@pytest.fixture
def with_toolkit(ros_domain: int) -> dict[str, str]:
    """Give the environment of a process that has the toolkit beside airo_ros2."""
    if not TOOLKIT.is_dir():
        pytest.skip("airo_camera_toolkit is not installed: run `make toolkit`")
    path = os.pathsep.join(filter(None, (str(TOOLKIT), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": path, "LOGURU_LEVEL": "ERROR"}
    command = [sys.executable, "-c", "import airo_camera_toolkit.interfaces"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"airo_camera_toolkit cannot be imported here: {done.stderr.splitlines()[-1]}")
    return environment


def test_our_cameras_are_theirs(start: Start, with_toolkit: dict[str, str]) -> None:
    """Our classes pass isinstance and issubclass, also of interfaces that are imported later; nothing is missing."""
    with FakeCamera("front"):
        script = start("-c", ISINSTANCE, env=with_toolkit)
        assert script.wait() == 0, script.errors
    assert script.output == ["True False", "True True", "True", "True", "True"]


def test_their_publisher_serves_our_camera(start: Start, with_toolkit: dict[str, str], tmp_path: Path) -> None:
    """The toolkit's own multiprocess classes take a camera of ours for one of theirs, and pass its frames on."""
    (tmp_path / "bridge.py").write_text(BRIDGE)
    with FakeCamera("front", size_wh=(64, 48)):
        script = start(tmp_path / "bridge.py", env=with_toolkit)
        assert script.wait() == 0, script.errors
    assert script.output == ["True (64, 48) 64.0"]


def test_their_functions_take_our_clouds(start: Start, with_toolkit: dict[str, str]) -> None:
    """Point clouds go through the toolkit's conversions and operations."""
    script = start("-c", CLOUD, env=with_toolkit)
    assert script.wait() == 0, script.errors
    assert script.output == ["True", "True"]


def test_migrating_changes_one_line(start: Start, with_toolkit: dict[str, str]) -> None:
    """The two example scripts differ in one line, and print the same."""
    before, after = ((EXAMPLES / f"migrating_{name}.py").read_text().splitlines() for name in ("before", "after"))
    assert len(before) == len(after)
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
    outputs = []
    for name in ("before", "after"):
        script = start(EXAMPLES / f"migrating_{name}.py", env=with_toolkit)
        assert script.wait() == 0, script.errors
        outputs.append(script.output)
    assert outputs[0] == outputs[1] == ["(640, 480) float32 0.2 True"] * 3


def test_their_rerun_logger_takes_our_camera(start: Start, with_toolkit: dict[str, str], tmp_path: Path) -> None:
    """What the toolkit logs to rerun of a camera of ours are its images."""
    with FakeCamera("front", size_wh=(64, 48)):
        script = start("-c", RERUN, tmp_path / "log.rrd", env=with_toolkit)
        assert script.wait() == 0, script.errors
    assert script.output == ["front (48, 64, 3) True"] * 3
    assert (tmp_path / "log.rrd").stat().st_size > 0


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="the toolkit's recorder needs the ffmpeg program")
def test_their_recorder_writes_our_frames(start: Start, with_toolkit: dict[str, str], tmp_path: Path) -> None:
    """A video that the toolkit's recorder writes of a camera of ours holds its images, in their order."""
    (tmp_path / "record.py").write_text(RECORDER)
    with FakeCamera("front", size_wh=(64, 48)):
        script = start(tmp_path / "record.py", tmp_path / "video.mp4", env=with_toolkit)
        assert script.wait() == 0, script.errors
    with av.open(tmp_path / "video.mp4") as video:
        levels = [float(frame.to_ndarray(format="rgb24").mean()) for frame in video.decode(video=0)]
    assert len(levels) > 5
    assert all(0 <= after - before <= 5 for before, after in pairwise(levels))
    assert levels[-1] > levels[0]
