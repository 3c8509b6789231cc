"""The main job end to end: camera, tag_pose and reader in processes of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from airo_camera_msgs.msg import TagDetections

from airo_camera.sources.spec import make_source
from airo_frames.rotation import angle_between, rotation_matrix
from rclpy_loans import LoanSubscription, TakeTimeoutError, loan_qos

Start = Callable[..., Any]
BRINGUP = ("-m", "airo_ros2.cli", "bringup")
DETECT = ("-m", "airo_ros2.cli", "detect")
MIN_SIDE_PX = 48


def results_of(process: Any) -> list[dict[str, Any]]:
    """Wait for a command and return the objects it printed; everything on stdout must be one."""
    status = process.wait()
    assert status == 0, process.errors
    return [json.loads(line) for line in process.output]


def ground_truth(node: Any, process: Any) -> dict[int, Any]:
    """Collect the ground truth of the simulated camera while a bringup runs, by frame number."""
    subscription = LoanSubscription(node, TagDetections, "/camera/ground_truth", qos=loan_qos(16, reliable=True))
    truth = {}
    while process.popen.poll() is None:
        try:
            sample = subscription.take(0.2, newest=False)
        except TakeTimeoutError:
            continue
        truth[int(sample["sequence"])] = sample.copy()
    subscription.close()
    return truth


def side_px(corners: Any) -> float:
    """Return the shortest side of a quadrilateral."""
    return float(np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1).min())


def test_sixty_frames_agree_with_the_ground_truth(start: Start, node: Any) -> None:
    """Sixty results without a copy; poses of tags of 48 px and more within 1 degree and 0.5 % of range of the truth."""
    process = start(*BRINGUP, "--frames", "60", "--json")
    truth = ground_truth(node, process)
    results = results_of(process)
    assert len(results) == 60
    sequences = [result["sequence"] for result in results]
    assert sequences == sorted(set(sequences))
    compared = 0
    for result in results:
        assert result["camera"] == "camera" and result["zero_copy"] is True
        assert (result["width"], result["height"]) == (1280, 720) and result["latency_ms"] > 0
        if result["sequence"] not in truth:
            continue  # it was published before this test had joined
        true = truth[result["sequence"]]
        assert result["stamp"] == pytest.approx(int(true["stamp"]["sec"]) + int(true["stamp"]["nanosec"]) * 1e-9)
        tags = {int(tag["id"]): tag for tag in true["detections"][: int(true["count"])]}
        found = {tag["id"]: tag for tag in result["detections"]}
        assert set(found) == set(tags)
        for tag_id, tag in tags.items():
            if side_px(tag["corners"].reshape(4, 2)) >= MIN_SIDE_PX:
                check_pose(found[tag_id], tag)
                compared += 1
    assert compared >= 100


@pytest.mark.parametrize("option", ["depth=1", "stereo=0.12"])
def test_tags_are_found_in_frames_with_depth(start: Start, option: str) -> None:
    """tag_pose reads the colour image of a camera with depth, or of its left view, in place and as exactly as any."""
    source = f"sim:tags?motion=0&fps=10&{option}"
    results = results_of(start(*BRINGUP, "--source", source, "--frames", "3", "--json"))
    with make_source(source) as camera:
        grabbed = camera.grab()
        assert grabbed is not None and grabbed.has_depth
    for result in results:
        assert result["zero_copy"] is True and len(result["detections"]) == len(grabbed.tags) == 4
        for found, tag in zip(sorted(result["detections"], key=lambda each: each["id"]), grabbed.tags, strict=True):
            position = tag.camera_from_tag[:3, 3]
            assert np.linalg.norm(np.subtract(found["position"], position)) <= 0.005 * np.linalg.norm(position)
            assert np.abs(np.subtract(found["corners"], tag.corners)).max() < 1.0


def check_pose(found: dict[str, Any], true: Any) -> None:
    """Compare a printed pose with the ground truth."""
    distance = np.linalg.norm(np.subtract(found["position"], true["position"]))
    assert distance <= 0.005 * np.linalg.norm(true["position"])
    rotations = rotation_matrix(np.array(found["quaternion_xyzw"])), rotation_matrix(true["orientation"])
    assert np.degrees(angle_between(*rotations)) <= 1.0
    assert np.abs(np.subtract(found["corners"], true["corners"].reshape(4, 2))).max() < 1.0


def test_photographs_give_the_reference_tags(start: Start, photographs: Path) -> None:
    """Every image is processed once; 44 of the 47 reference tags and nothing else; `detect` gives the same."""
    results = results_of(start(*BRINGUP, "--source", photographs, "--frames", "3", "--json"))
    assert [result["sequence"] for result in results] == [1, 2, 3]
    images = sorted(photographs.glob("*.jpg"))
    detected = results_of(start(*DETECT, *images, "--json"))
    assert [Path(result["image"]) for result in detected] == images
    found = 0
    for image, result, alone in zip(images, results, detected, strict=True):
        assert result["zero_copy"] is True
        assert result["detections"] == alone["detections"]
        assert all(tag["position"] is None and tag["covariance"] is None for tag in result["detections"])
        found += count_matches(image, result["detections"])
    assert 44 <= found <= 47


def count_matches(image: Path, detections: list[dict[str, Any]]) -> int:
    """Return how many reference tags were found; everything that was found must be one."""
    lines = [line for line in image.with_suffix(".txt").read_text().splitlines() if line.strip()]
    numbers = np.array([[float(n) for n in re.findall(r"-?\d+\.?\d*", line)] for line in lines])
    references = numbers[:, 1:].reshape(-1, 4, 2) - 0.5  # the reference has the first pixel's centre at (0.5, 0.5)
    matched = set()
    for tag in detections:
        distances = np.linalg.norm(references - np.array(tag["corners"]), axis=2).mean(axis=1)
        assert distances.min() < 2.0 and distances.argmin() not in matched
        matched.add(int(distances.argmin()))
    return len(matched)


def test_every_image_of_a_folder_is_processed_once(start: Start, tmp_path: Path) -> None:
    """Without --frames, --json processes all images of a source of files, of any size, and ends with it."""
    for index in range(7):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.full((100 + 200 * index, 300 * (index + 1), 3), 128, np.uint8))
    results = results_of(start(*BRINGUP, "--source", tmp_path, "--json", "--rate", "100"))
    assert [result["sequence"] for result in results] == [1, 2, 3, 4, 5, 6, 7]
    assert [result["width"] for result in results] == [300 * (index + 1) for index in range(7)]


def test_a_set_up_file_with_two_cameras(start: Start, tmp_path: Path) -> None:
    """Two cameras of one file run side by side and are told apart."""
    config = tmp_path / "setup.yaml"
    config.write_text(
        """
cameras:
  front: {source: "sim:?width=640&height=480&fps=10"}
  side: {source: "sim:?width=640&height=480&fps=10&tags=1", tags: {size: 0.2}}
  plain: {source: "sim:?width=640&height=480&fps=10", tags: false}
"""
    )
    results = results_of(start(*BRINGUP, config, "--frames", "5", "--json"))
    cameras = [result["camera"] for result in results]
    assert {name: cameras.count(name) for name in set(cameras)} == {"front": 5, "side": 5}


def test_settings_of_tags_reach_the_node(start: Start, tmp_path: Path) -> None:
    """Tables, workers, tracking and frames that are left out are passed on; files are relative to the set-up file."""
    (tmp_path / "tags.yaml").write_text("1: {size: 10.0, frame: far}")
    config = tmp_path / "setup.yaml"
    config.write_text(
        """
cameras:
  front:
    source: "sim:?width=640&height=480&tags=2"
    tags: {table: tags.yaml, workers: 2, every_nth: 3, tracking_period: 10, transforms: camera_prefixed}
"""
    )
    results = results_of(start(*BRINGUP, config, "--frames", "6", "--json"))
    assert (np.diff([result["sequence"] for result in results]) >= 3).all()
    for result in results:
        near, far = sorted(result["detections"], key=lambda found: found["id"])
        assert near["position"][2] < 5 < 20 < far["position"][2]


def test_lines_for_people(start: Start) -> None:
    """Without --json, each frame with tags is one line."""
    process = start(*BRINGUP, "--frames", "5")
    assert process.wait() == 0
    assert len(process.output) == 5
    assert re.match(r"camera +\d+ +\d+\.\d ms  tag36h11:0 \([+-]\d", process.output[0])


# --- endings ---


def children_of(process: Any) -> list[int]:
    """Return the process ids of a process's children."""
    pid = process.popen.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    """Return whether a process exists and is not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pids: list[int]) -> None:
    """Wait for processes that are not our own children."""
    deadline = time.monotonic() + 60.0
    while any(map(is_running, pids)):
        assert time.monotonic() < deadline, f"still running: {[pid for pid in pids if is_running(pid)]}"
        time.sleep(0.01)


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(start: Start, signal_number: int) -> None:
    """Ctrl-C and SIGTERM end everything with status 0 and without a word."""
    process = start(*BRINGUP, "--json")
    process.expect("detections")
    children = children_of(process)
    assert len(children) == 2
    process.popen.send_signal(signal_number)
    assert process.wait() == 0
    assert not any(map(is_running, children))
    assert process.complaints == []


def test_interrupted_before_it_was_done(start: Start) -> None:
    """Ctrl-C before --frames are done is status 130."""
    process = start(*BRINGUP, "--json", "--frames", "100000")
    process.expect("detections")
    process.popen.send_signal(signal.SIGINT)
    assert process.wait() == 130


def test_duration(start: Start) -> None:
    """--duration ends with status 0 after results were printed."""
    process = start(*BRINGUP, "--json", "--duration", "8")
    assert process.wait() == 0
    assert process.output and process.complaints == []


@pytest.mark.parametrize("victim", ["airo_camera.node", "tag_pose.node"])
def test_a_killed_child_ends_the_set_up(start: Start, victim: str) -> None:
    """When a node is killed, everything ends with one line that says so."""
    process = start(*BRINGUP, "--json")
    process.expect("detections")
    children = children_of(process)
    (pid,) = [child for child in children if victim.encode() in Path(f"/proc/{child}/cmdline").read_bytes()]
    os.kill(pid, signal.SIGKILL)
    assert process.wait() == 1
    assert not any(map(is_running, children))
    title = "camera camera" if victim == "airo_camera.node" else "tag_pose of camera"
    assert process.complaints == [f"airo-ros2: {title} was killed by SIGKILL"]


def test_children_die_with_a_killed_supervisor(start: Start) -> None:
    """When bringup itself is killed, the nodes end by themselves."""
    process = start(*BRINGUP, "--json")
    process.expect("detections")
    children = children_of(process)
    process.popen.kill()
    process.wait()
    wait_until_gone(children)
    process.kill_group()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--source", "missing.png"], "missing.png does not exist"),
        (["--source", "missing.mp4"], "missing.mp4"),
        (["--source", "/dev/video77"], "/dev/video77"),
        (["--source", "http://127.0.0.1:9/stream"], "http://127.0.0.1:9/stream"),
        (["--source", "sim:?tilt=steep"], "tilt"),
        (["--source", "nonsense:"], "nonsense:"),
        (["--source", "unreadable.png", "--json"], "unreadable.png"),
        (["--source", "empty"], "no images in the folder"),
        (["--family", "tag99h99"], "tag99h99"),
        (["--calibration", "missing.yaml"], "missing.yaml"),
        (["missing-setup.yaml"], "cannot read missing-setup.yaml"),
        (["bad.yaml"], "bad.yaml: cameras.front.sorce: unknown key"),
    ],
)
def test_what_cannot_work_is_one_clear_line(start: Start, tmp_path: Path, arguments: list[str], text: str) -> None:
    """A missing file, an unreadable image and a wrong setting each end with one line on stderr and a status above 0."""
    (tmp_path / "unreadable.png").write_bytes(b"\x89PNG\r\n\x1a\n but no image")
    (tmp_path / "bad.yaml").write_text("cameras: {front: {sorce: 3}}\n")
    (tmp_path / "empty").mkdir()
    process = start(*BRINGUP, *arguments, cwd=tmp_path)
    assert process.wait() in (1, 2)
    assert process.output == []
    assert len(process.complaints) == 1 and text in process.complaints[0], process.errors


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--frames", "0"], "argument --frames: got 0, expected a whole number of at least 1"),
        (["--tag-size", "-1"], "argument --tag-size: got -1, expected a number above 0"),
        (["--tag-size", "big"], "argument --tag-size: got big, expected a number above 0"),
    ],
)
def test_wrong_options(start: Start, arguments: list[str], text: str) -> None:
    """A wrong option says what was got and expected."""
    process = start(*BRINGUP, *arguments)
    assert process.wait() == 2
    assert process.complaints == [f"airo-ros2 bringup: {text}; see airo-ros2 bringup --help"]


def test_a_wrong_parameter_of_a_node(start: Start) -> None:
    """A node that is given a parameter it does not have ends with one line."""
    process = start("-m", "airo_camera.node", "--ros-args", "-p", "sorce:=0")
    assert process.wait() == 2
    assert len(process.complaints) == 1
    text = "camera: unknown parameter 'sorce': expected one of calibration, cloud, depth"
    assert process.complaints[0].startswith(text)


def test_fewer_images_than_asked_for(start: Start, tmp_path: Path) -> None:
    """A source that ends before --frames is said, with a status above 0."""
    cv2.imwrite(str(tmp_path / "one.png"), np.zeros((480, 640), np.uint8))
    process = start(*BRINGUP, "--source", tmp_path, "--frames", "3", "--json")
    assert process.wait() == 1
    assert len(process.output) == 1
    assert process.complaints == ["airo-ros2: it ended after 1 of 3 frames"]


def test_a_closed_pipe_ends_it(start: Start, ros_domain: int) -> None:
    """`airo-ros2 bringup --json | head -1` ends when its reader has enough."""
    import sys

    command = f"{sys.executable} -m airo_ros2.cli bringup --json | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60.0, check=False)
    assert json.loads(done.stdout)["camera"] == "camera"
    assert "Traceback" not in done.stderr and "airo-ros2:" not in done.stderr
