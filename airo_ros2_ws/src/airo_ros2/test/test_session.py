"""The facade in scripts: how they end, fork, spawn and are interrupted, as real processes."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airo_ros2 import FacadeError
from airo_ros2.session import domain_id
from airo_ros2.testing import FakeCamera

Start = Callable[..., Any]
SPAWN = """
import multiprocessing, sys
from airo_ros2 import Camera

def read(camera, results):
    camera.grab_images()
    results.put(bool((camera.retrieve_rgb_image_as_int() == camera.sequence % 256).all()))

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    camera = Camera("front")
    child = context.Process(target=read, args=(camera, results))
    child.start()
    print(results.get(timeout=30))
    child.join(30)
"""
FORK = """
import multiprocessing
from airo_ros2 import Camera, ForkedError
first = Camera("front") if OPENED_BEFORE else None

def read(results):
    for use in (lambda: first.grab_images() if first else None, lambda: Camera("front").grab_images()):
        try:
            use()
        except ForkedError as error:
            results.put(str(error))
        else:
            results.put("works")

context = multiprocessing.get_context("fork")
results = context.Queue()
child = context.Process(target=read, args=(results,))
child.start()
print(results.get(timeout=30))
print(results.get(timeout=30))
child.join(30)
if first:
    first.grab_images()
print("parent works", child.exitcode)
"""


@pytest.fixture
def front(domain: int) -> Any:
    """Give a camera that runs."""
    with FakeCamera("front") as camera:
        yield camera


def test_a_script_that_closes_nothing_leaves_nothing(start: Start, front: FakeCamera) -> None:
    """A camera, tags and an image that are never closed end with the script, and leave nothing."""
    script = start(
        "-c",
        "from airo_ros2 import *\\n"
        "camera = Camera('front'); camera.grab_images(); tags = TagPoses('front')\\n"
        "publish_image('mine', camera.retrieve_rgb_image_as_int(), like=camera)\\n"
        "iterator = camera.stream(); next(iterator); print('done')".replace("\\n", "\n"),
    )
    assert script.wait() == 0, script.errors
    assert (script.output, script.complaints) == (["done"], [])


@pytest.mark.parametrize("call", ["camera.grab_images(timeout=60)", "Camera('nobody', timeout=60)"])
def test_ctrl_c_ends_a_wait(start: Start, front: FakeCamera, call: str) -> None:
    """A wait for a frame, or for a camera, ends with KeyboardInterrupt at once."""
    script = start(
        "-c",
        "from airo_ros2 import Camera\n"
        "camera = Camera('front'); camera.grab_images(); print('hang', flush=True); input()\n"
        "try:\n"
        "    print('wait', flush=True)\n"
        f"    while True: {call}\n"  # a frame may have waited
        "except KeyboardInterrupt: print('interrupted')",
    )
    script.expect("hang")
    front.hang()
    script.say("")
    script.expect("wait")
    script.popen.send_signal(signal.SIGINT)
    script.expect("interrupted")
    assert script.wait() == 0, script.errors
    assert script.complaints == []


def test_spawned_children_get_the_camera(start: Start, front: FakeCamera, tmp_path: Path) -> None:
    """A camera given to a spawned process is opened there."""
    (tmp_path / "script.py").write_text(SPAWN)
    script = start(tmp_path / "script.py")
    assert script.wait() == 0, script.errors
    assert script.output == ["True"]


def test_forked_children_work_or_are_told(start: Start, front: FakeCamera) -> None:
    """Forked before ROS was used, a child opens cameras; afterwards it is told what to do, and the parent goes on."""
    early = start("-c", FORK.replace("OPENED_BEFORE", "False"))
    assert early.wait() == 0, early.errors
    assert early.output == ["works", "works", "parent works 0"]
    late = start("-c", FORK.replace("OPENED_BEFORE", "True"))
    assert late.wait() == 0, late.errors
    inherited, opened, parent = late.output
    assert "was opened in process" in inherited and "get_context('spawn')" in inherited
    assert "forked from one that had already started ROS 2" in opened
    assert parent == "parent works 0"


def test_beside_the_users_rclpy(start: Start, front: FakeCamera) -> None:
    """With a node and an executor of the user's own both work, and the user's signal handlers and context stay his."""
    script = start(
        "-c",
        "import signal, rclpy, threading\n"
        "from rclpy.executors import SingleThreadedExecutor\n"
        "from airo_ros2 import Camera, shutdown\n"
        "rclpy.init(); node = rclpy.create_node('mine'); handler = signal.getsignal(signal.SIGINT)\n"
        "ticks = threading.Event(); node.create_timer(0.01, ticks.set)\n"
        "executor = SingleThreadedExecutor(); executor.add_node(node)\n"
        "thread = threading.Thread(target=executor.spin); thread.start()\n"
        "for camera in (Camera('front'), Camera('front', node=node)):\n"
        "    camera.grab_images()\n"
        "    print((camera.retrieve_rgb_image_as_int() == camera.sequence % 256).all())\n"
        "shutdown(); ticks.clear(); print(ticks.wait(10), rclpy.ok(), signal.getsignal(signal.SIGINT) is handler)\n"
        "executor.shutdown(); thread.join(); node.destroy_node(); rclpy.shutdown()",
    )
    assert script.wait() == 0, script.errors
    assert script.output == ["True", "True", "True True True"]
    assert script.complaints == []


def test_importing_is_lazy(start: Start, ros_domain: int) -> None:
    """Importing airo_ros2 loads neither rclpy, numpy nor OpenCV; the command line does not pay for the facade."""
    script = start(
        "-c", "import sys, airo_ros2; print([m for m in ('rclpy', 'numpy', 'cv2', 'cloudpickle') if m in sys.modules])"
    )
    assert script.wait() == 0, script.errors
    assert script.output == ["[]"]


@pytest.mark.parametrize("text", ["x", "-1", "233"])
def test_a_bad_domain_is_named(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """A ROS_DOMAIN_ID that is none says so."""
    monkeypatch.setenv("ROS_DOMAIN_ID", text)
    with pytest.raises(FacadeError, match="from 0 to 232"):
        domain_id()
