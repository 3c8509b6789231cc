"""`airo-ros2 detect` as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from airo_camera.sources.spec import make_source


def detect(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, "-m", "airo_ros2.cli", "detect", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120.0, check=False)


@pytest.fixture
def scene(tmp_path: Path) -> tuple[Path, Any]:
    """Give an image of simulated tags, and what was grabbed with it."""
    with make_source("sim:?motion=0&width=640&height=480&encoding=bgr8") as source:
        grabbed = source.grab()
        assert grabbed is not None
        image = np.empty((480, 640, 3), np.uint8)
        source.retrieve(image)
    path = tmp_path / "scene.png"
    cv2.imwrite(str(path), image)
    return path, grabbed


@pytest.mark.parametrize("backend", ["pupil", "pyapriltags"])
def test_poses_of_a_simulated_image(scene: tuple[Path, Any], backend: str) -> None:
    """With intrinsics and size each tag's pose is the truth."""
    pytest.importorskip("pyapriltags" if backend == "pyapriltags" else "pupil_apriltags")
    path, grabbed = scene
    matrix = grabbed.intrinsics.camera_matrix
    intrinsics = ",".join(str(matrix[index]) for index in ((0, 0), (1, 1), (0, 2), (1, 2)))
    done = detect(path, "--json", "--tag-size", "0.1", "--intrinsics", intrinsics, "--backend", backend)
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = done.stdout.splitlines()
    found = {tag["id"]: tag for tag in json.loads(line)["detections"]}
    assert set(found) == {tag.tag_id for tag in grabbed.tags}
    for tag in grabbed.tags:
        position = tag.camera_from_tag[:3, 3]
        error = np.linalg.norm(np.subtract(found[tag.tag_id]["position"], position))
        assert error < 0.005 * np.linalg.norm(position)
        assert len(found[tag.tag_id]["covariance"]) == 36


def test_lines_for_people(scene: tuple[Path, Any]) -> None:
    """Without --json there is one line per image; a folder stands for its images."""
    path, grabbed = scene
    done = detect(path.parent)
    assert done.returncode == 0
    assert done.stdout.startswith(f"{path}: {len(grabbed.tags)} tags  tag36h11:0 at (")


def test_an_unreadable_image_does_not_hide_the_others(scene: tuple[Path, Any], tmp_path: Path) -> None:
    """Each image that can be read is printed; each that cannot is one line on stderr, and the status is 1."""
    (tmp_path / "broken.png").write_bytes(b"rubbish")
    done = detect(tmp_path / "missing.png", tmp_path / "broken.png", scene[0], "--json")
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    errors = done.stderr.splitlines()
    assert len(errors) == 2 and "missing.png" in errors[0] and "broken.png" in errors[1]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--family", "tag99h99"], "tag99h99"),
        (["--backend", "magic"], "backend is 'magic': expected one of pupil, pyapriltags"),
        (["--decimate", "0.5"], "decimate"),
        (["--intrinsics", "1,2,3"], "got 1,2,3, expected four numbers fx,fy,cx,cy"),
        (["--intrinsics", "0,0,1,1"], "focal lengths"),
    ],
)
def test_wrong_settings_are_one_clear_line(scene: tuple[Path, Any], arguments: list[str], text: str) -> None:
    """A setting that cannot be is refused before any image is read."""
    done = detect(scene[0], *arguments)
    assert done.returncode == 2 and done.stdout == ""
    assert text in done.stderr.splitlines()[-1]
