"""The facade in a notebook: cells that a real Jupyter kernel runs, interrupts and restarts."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client import KernelManager
from jupyter_client.blocking import BlockingKernelClient

from airo_ros2.testing import FakeCamera

WAIT_SECS = 60.0
SERVE = """
import airo_ros2
server = airo_ros2.serve_camera("sim:?width=64&height=64", "front")
"""
OPEN = """
import airo_ros2
camera = airo_ros2.Camera("front")
camera.grab_images()
print(camera.retrieve_rgb_image_as_int().shape == (*camera.resolution[::-1], 3))
"""


@pytest.fixture
def kernel(ros_domain: int) -> Iterator[KernelManager]:
    """Give a running kernel in the test's own domain."""
    manager = KernelManager(transport="ipc")
    manager.start_kernel(env=os.environ | {"ROS_DOMAIN_ID": str(ros_domain)})
    yield manager
    manager.shutdown_kernel()


@pytest.fixture
def notebook(kernel: KernelManager) -> Iterator[BlockingKernelClient]:
    """Give a client of the kernel."""
    client = kernel.client()
    client.start_channels()
    client.wait_for_ready(timeout=WAIT_SECS)
    yield client
    client.stop_channels()


def run(notebook: BlockingKernelClient, cell: str) -> str:
    """Run a cell and return what it prints, or the name of its error."""
    printed: list[str] = []

    def look(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream":
            printed.append(message["content"]["text"])

    reply = notebook.execute_interactive(cell, timeout=WAIT_SECS, output_hook=look)["content"]
    return "".join(printed).strip() if reply["status"] == "ok" else f"{reply['ename']}: {reply['evalue']}"


def test_cells_share_a_camera(notebook: BlockingKernelClient) -> None:
    """A camera that one cell opens is read in the next ones."""
    with FakeCamera("front"):
        assert run(notebook, OPEN) == "True"
        numbers = run(notebook, "for _ in range(3):\n    camera.grab_images()\n    print(camera.sequence)").split()
    assert len(set(numbers)) == 3


def test_a_cell_that_waits_can_be_interrupted(kernel: KernelManager, notebook: BlockingKernelClient) -> None:
    """The stop button ends a wait for a frame, and the next cell reads on."""
    with FakeCamera("front") as camera:
        assert run(notebook, OPEN) == "True"
        camera.hang()
        cell = "print('waits', flush=True)\nwhile True:\n    camera.grab_images(timeout=600)"
        request = notebook.execute(cell, stop_on_error=False)  # otherwise cells that come soon are not run
        while notebook.get_iopub_msg(timeout=WAIT_SECS)["content"].get("text") != "waits\n":
            pass
        kernel.interrupt_kernel()
        reply = notebook.get_shell_msg(timeout=WAIT_SECS)
        assert reply["parent_header"]["msg_id"] == request
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        camera.resume()
        assert run(notebook, "camera.grab_images()\nprint('reads on')") == "reads on"


def test_a_killed_kernel_takes_its_camera_along(kernel: KernelManager, notebook: BlockingKernelClient) -> None:
    """The camera that a notebook serves ends when its kernel is killed, and the next kernel can serve it again."""
    for _ in range(2):
        assert run(notebook, SERVE + OPEN) == "True"
        process_id = int(run(notebook, "print(server.process_id)"))
        kernel.restart_kernel(now=True)
        deadline = time.monotonic() + WAIT_SECS
        while Path(f"/proc/{process_id}").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        notebook.wait_for_ready(timeout=WAIT_SECS)
