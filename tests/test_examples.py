"""Every example runs as a user runs it."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2

from airo_ros2 import serve_camera

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
Start = Callable[..., Any]


def test_loans_of_a_plain_message(start: Start) -> None:
    """A publisher, a script that takes and a node that is called back understand each other; Ctrl-C ends both nodes."""
    publisher = start(EXAMPLES / "loans/publish_wrench.py")
    taker = start(EXAMPLES / "loans/take_wrench.py")
    printer = start(EXAMPLES / "loans/print_wrench.py")
    assert taker.wait() == 0, taker.errors
    assert len(taker.output) == 10
    assert any(line.endswith("zero-copy True") for line in taker.output), taker.output
    printer.expect(r"^\d+: [+-]\d\.\d{3} N")
    for process in (printer, publisher):
        process.popen.send_signal(signal.SIGINT)
        assert process.wait() == 0, process.errors
        assert process.complaints == []


def run(start: Start, *arguments: str | Path) -> list[str]:
    """Run an example of the facade to its end, and return what it printed."""
    process = start(EXAMPLES / "facade" / arguments[0], *arguments[1:])
    assert process.wait() == 0, process.errors
    assert process.complaints == []
    lines: list[str] = process.output
    return lines


def test_facade_reads_a_running_set_up(start: Start, tmp_path: Path) -> None:
    """Images, tags, results and a node of one's own, of the camera of a bringup."""
    bringup = start("-m", "airo_ros2.cli", "bringup", "--json", "--headless")
    bringup.expect("detections")
    image = tmp_path / "image.png"
    assert run(start, "grab_and_save.py", "camera", image) == [f"{image}: 1280 x 720 px"]
    picture = cv2.imread(str(image))
    assert picture is not None and picture.std() > 10
    poses = run(start, "tag_poses.py", "camera", "1")
    assert [line for line in poses if line.startswith("tag 1: ")]
    assert poses[-4].startswith("[[")
    assert run(start, "annotate.py", "camera", "5")[0].startswith("5 images, ")
    assert len([line for line in run(start, "beside_an_rclpy_node.py") if line.startswith("frame ")]) == 10


def test_facade_records(start: Start, tmp_path: Path) -> None:
    """A recording goes on beside what the script does."""
    with serve_camera("sim:?width=320&height=240", "camera"):
        processed, recorded = run(start, "record_while_processing.py", "camera", tmp_path)
    assert processed.startswith("processed frame ")
    count = re.fullmatch(rf"{tmp_path}/.*: (\d+) frames, 0 lost", recorded)
    assert count is not None and int(count[1]) > 10, recorded


def test_facade_serves_and_pairs(start: Start, tmp_path: Path) -> None:
    """A class of one's own is served; depth becomes a point cloud; two cameras are paired by their times."""
    frames = run(start, "serve_a_camera.py")
    assert len(frames) == 5 and all(line.startswith("frame ") for line in frames)
    cloud = tmp_path / "cloud.ply"
    spec = "sim:?width=320&height=240&depth=1"
    with serve_camera(spec, "left"), serve_camera(spec, "right"):
        (line,) = run(start, "rgbd_to_point_cloud.py", "left", cloud)
        assert line.startswith(f"{cloud}: 76800 points, ")
        assert cloud.stat().st_size > 76800 * 15
        pairs = run(start, "two_cameras.py", "left", "right")
    assert len(pairs) == 5 and all(line.endswith(" ms apart") for line in pairs)
