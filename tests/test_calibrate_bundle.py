"""`airo-ros2 calibrate-bundle` and `airo-ros2 detect --bundles` on rendered images with exact truth."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from airo_camera.sources.rendering import Renderer
from airo_camera.sources.scene import tag_corners
from airo_camera.sources.simulated_options import SimulatedOptions
from airo_camera.sources.source import TagTruth
from airo_frames.intrinsics import Intrinsics
from airo_frames.rotation import angle_between, rotation_matrix
from tag_pose.bundle import read_bundles

CAMERA = Intrinsics.pinhole(700.0, 700.0, 319.5, 239.5)
INTRINSICS = "700,700,319.5,239.5"
SIZE = 0.05
PLACES = [(0.0, 0.0, 0.0), (0.11, 0.0, 0.0), (0.0, 0.1, 0.02), (0.11, 0.1, 0.0)]
TILTS = [0.0, 20.0, 0.0, -15.0]  # degrees about y


def bundle_from_tag(number: int) -> np.ndarray:
    """Return where a tag is on the body."""
    pose = np.eye(4)
    pose[:3, :3] = cv2.Rodrigues(np.array([0.0, np.radians(TILTS[number]), 0.0]))[0]
    pose[:3, 3] = PLACES[number]
    return pose


def render(path: Path, rng: np.random.Generator, shown: tuple[int, ...] = (0, 1, 2, 3)) -> np.ndarray:
    """Write an image of the body and return its camera_from_bundle."""
    axis = rng.normal(size=2)
    turn = np.array([*axis / np.linalg.norm(axis), 0.0]) * np.radians(rng.uniform(10, 35))
    pose = np.eye(4)
    pose[:3, :3] = cv2.Rodrigues(turn)[0] @ np.diag([1.0, -1.0, -1.0])
    pose[:3, 3] = -0.05, 0.04, rng.uniform(0.6, 0.75)
    options = SimulatedOptions(width=640, height=480, encoding="mono8", noise=2.0, seed=int(rng.integers(1000)))
    tags = []
    for number in shown:
        camera_from_tag = pose @ bundle_from_tag(number)
        corners = tag_corners(camera_from_tag, edge=SIZE, intrinsics=CAMERA)
        tags.append(TagTruth(number, "tag36h11", SIZE, camera_from_tag, corners))
    image = np.empty((480, 640), np.uint8)
    Renderer(options, intrinsics=CAMERA).draw(tuple(tags), index=0, out=image)
    cv2.imwrite(str(path), image)
    return pose


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run([sys.executable, "-m", "airo_ros2.cli", *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """Give a folder with eight images and the bundle file made from them, and what the command printed."""
    folder = tmp_path_factory.mktemp("body")
    rng = np.random.default_rng(5)
    (folder / "images").mkdir()
    for number in range(8):
        render(folder / f"images/{number}.png", rng)
    options = ["--tag-size", str(SIZE), "--intrinsics", INTRINSICS, "--name", "cube", "--json"]
    done = run("calibrate-bundle", folder / "images", *options, "--output", folder / "bundle.yaml")
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_the_layout_is_the_true_one(calibrated: tuple[Path, Any]) -> None:
    """File and printed object hold the layout that was rendered."""
    folder, printed = calibrated
    (cube,) = read_bundles(folder / "bundle.yaml")
    assert (cube.name, cube.frame, [tag.tag_id for tag in cube.tags]) == ("cube", "cube", [0, 1, 2, 3])
    for number, tag in enumerate(cube.tags):
        truth = bundle_from_tag(number)
        np.testing.assert_allclose(tag.bundle_from_tag[:3, 3], truth[:3, 3], atol=5e-4)
        assert np.degrees(angle_between(tag.bundle_from_tag[:3, :3], truth[:3, :3])) < 0.5
    assert printed["reprojection_rms_px"] < 0.15 and printed["images_used"] == 8
    assert (
        (folder / "bundle.yaml").read_text().startswith("# measured by airo-ros2 calibrate-bundle from 8 of 8 images")
    )


def test_detect_locates_the_bundle(calibrated: tuple[Path, Any]) -> None:
    """With the measured file, detect says where the body is; without it there is no such key."""
    folder, _ = calibrated
    pose = render(folder / "new.png", np.random.default_rng(77))
    arguments = ["detect", folder / "new.png", "--tag-size", str(SIZE), "--intrinsics", INTRINSICS, "--json"]
    found = json.loads(run(*arguments, "--bundles", folder / "bundle.yaml").stdout)
    (bundle,) = found["bundles"]
    assert (bundle["name"], bundle["rejected_tags"], len(bundle["tags"])) == ("cube", [], 4)
    np.testing.assert_allclose(bundle["position"], pose[:3, 3], atol=1e-3)
    rotation = rotation_matrix(np.array(bundle["quaternion_xyzw"]))
    assert np.degrees(angle_between(rotation, pose[:3, :3])) < 0.2
    assert "bundles" not in json.loads(run(*arguments).stdout)
    text = run(*arguments[:-1], "--bundles", folder / "bundle.yaml").stdout
    assert "cube (" in text and "from 4 tags" in text


def test_tags_have_sizes_of_their_own(calibrated: tuple[Path, Any]) -> None:
    """A size by id goes before that of all tags, and without one of these a tag is left out."""
    folder, _ = calibrated
    options = ["--intrinsics", INTRINSICS, "--output", folder / "sizes.yaml", "--tag-sizes"]
    wrong_for_others = run(
        "calibrate-bundle", folder / "images", *options, "0=0.05,tag36h11:1=0.05,2=0.05,3=0.05", "--tag-size", "0.09"
    )
    assert wrong_for_others.returncode == 0, wrong_for_others.stderr
    (body,) = read_bundles(folder / "sizes.yaml")
    assert [tag.size for tag in body.tags] == [SIZE] * 4
    np.testing.assert_allclose(body.tags[3].bundle_from_tag[:3, 3], bundle_from_tag(3)[:3, 3], atol=5e-4)
    assert run("calibrate-bundle", folder / "images", *options, "0=0.05,2=0.05").returncode == 0
    (body,) = read_bundles(folder / "sizes.yaml")
    assert [tag.tag_id for tag in body.tags] == [0, 2]
    for text, said in (("0:0.05", "expected ID=M,ID=M"), ("0=-1", "above 0"), ("x:y=0.1", "FAMILY:ID")):
        done = run("calibrate-bundle", folder / "images", *options, text)
        assert done.returncode == 2 and said in done.stderr


def test_what_is_missing_is_one_line(tmp_path: Path) -> None:
    """Too few images, tags that are not connected, and no camera are said; nothing is written."""
    rng = np.random.default_rng(6)
    for number in range(4):
        render(tmp_path / f"{number}.png", rng, shown=(0, 1) if number < 2 else (2, 3))
    options = ["--tag-size", str(SIZE), "--output", tmp_path / "bundle.yaml"]
    camera = ["--intrinsics", INTRINSICS]
    few = run("calibrate-bundle", tmp_path / "0.png", *options, *camera)
    apart = run("calibrate-bundle", tmp_path, *options, *camera)
    blind = run("calibrate-bundle", tmp_path, *options)
    unsized = run("calibrate-bundle", tmp_path, *options[2:], *camera)
    for done, said in (
        (few, "images are too few"),
        (apart, "not connected"),
        (blind, "--intrinsics"),
        (unsized, "--tag-sizes"),
    ):
        assert done.returncode == 2 and said in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "bundle.yaml").exists()
