"""Tests of airo_camera.sources.airo: cameras with airo-mono's interface."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import airo_cameras
import numpy as np
import pytest
from source_reading import retrieved

from airo_camera.exceptions import SourceOpenError, SourceReadError
from airo_camera.sources.airo import AiroSource
from airo_camera.sources.source import GrabbedImage
from airo_camera.sources.spec import make_source
from airo_frames import FrameSubscription, PointCloudSubscription, RgbdFrame, StereoRgbdFrame


def grabbed_from(source: Any) -> GrabbedImage:
    """Return what a source grabs."""
    grabbed = source.grab()
    assert grabbed is not None
    return grabbed


def test_a_colour_camera_gives_images_with_intrinsics() -> None:
    """Each image is the one that was grabbed; the source ends when the camera says so."""
    with AiroSource(lambda: airo_cameras.Colour(images=3), name="colour") as source:
        assert source.fps == 50.0 and source.is_live and source.is_exclusive
        for number in (1, 2, 3):
            grabbed = grabbed_from(source)
            assert grabbed.family == "Image" and grabbed.size_wh == (64, 48) and grabbed.encoding == "rgb8"
            assert (retrieved(source, grabbed) == number).all()
            assert grabbed.intrinsics is not None and grabbed.intrinsics.camera_matrix[0, 0] == 60.0
        assert source.grab() is None


def test_depth_that_is_not_known_is_nan() -> None:
    """0, infinity and NaN of the camera become NaN; the rest is its depth in float32."""
    with AiroSource(airo_cameras.Rgbd, name="rgbd") as source:
        grabbed = grabbed_from(source)
        assert grabbed.family == "Rgbd" and grabbed.has_confidence
        depth, confidence = np.empty((48, 64), np.float32), np.empty((48, 64), np.float32)
        source.retrieve_depth(depth)
        source.retrieve_confidence(confidence)
    assert np.isnan(depth[0, :4]).all() and np.isnan(depth).sum() == 4
    assert (depth[1:] == np.float32(0.1)).all() and (confidence == 0.5).all()


def test_a_stereo_camera_gives_both_views() -> None:
    """The right view has its own image, intrinsics and pose."""
    with AiroSource(airo_cameras.Stereo, name="stereo") as source:
        grabbed = grabbed_from(source)
        assert grabbed.family == "StereoRgbd" and grabbed.right is not None and grabbed.right.intrinsics is not None
        right = np.empty((48, 64, 3), np.uint8)
        source.retrieve_right(right)
        assert (retrieved(source, grabbed) == 1).all() and (right == 101).all()
        assert grabbed.right.intrinsics.camera_matrix[0, 2] == 36.5
        assert grabbed.right.left_from_right[0, 3] == 0.12
        again = grabbed_from(source)
        assert again.intrinsics is grabbed.intrinsics, "intrinsics that stay the same are one object"


def test_what_is_switched_off_is_left_out() -> None:
    """A camera that refuses depth gives images, one that refuses confidence depth alone; neither is an error."""
    with AiroSource(airo_cameras.Uncalibrated, name="plain") as source:
        grabbed = grabbed_from(source)
        assert grabbed.family == "Image" and grabbed.intrinsics is None
    with AiroSource(lambda: airo_cameras.Rgbd(confidence=False), name="rgbd") as source:
        grabbed = grabbed_from(source)
        assert grabbed.has_depth and not grabbed.has_confidence


def test_confidence_that_readers_can_compute_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The confidence that airo-mono's interface computes is told by where it is defined."""
    monkeypatch.setattr(airo_cameras.Rgbd.retrieve_confidence_map, "__module__", "airo_camera_toolkit.interfaces")
    with AiroSource(airo_cameras.Rgbd, name="rgbd") as source:
        assert not grabbed_from(source).has_confidence


@pytest.mark.parametrize(
    ("camera", "text"),
    [
        ({"retrieve_rgb_image_as_int": lambda: np.zeros((4, 4, 3))}, r"gave float64 \(4, 4, 3\): expected .* uint8"),
        ({"retrieve_rgb_image_as_int": lambda: np.zeros((4, 4), np.uint8)}, r"gave uint8 \(4, 4\)"),
        ({"grab_images": lambda: 1 / 0}, "it failed: ZeroDivisionError: division by zero"),
        ({"intrinsics_matrix": lambda: np.zeros((3, 3))}, "it failed: ArrayContractError: camera_matrix has focal"),
    ],
)
def test_a_camera_that_does_something_else_is_one_clear_error(camera: dict[str, Any], text: str) -> None:
    """What the camera raises, or returns wrongly, is an error with its name."""
    whole = {"grab_images": lambda: None, "retrieve_rgb_image_as_int": lambda: np.zeros((4, 4, 3), np.uint8)} | camera
    with AiroSource(lambda: SimpleNamespace(**whole), name="it") as source:
        with pytest.raises(SourceReadError, match=text):
            source.grab()


def test_a_depth_map_of_another_size_is_refused() -> None:
    """Depth has the size of the image."""
    with AiroSource(airo_cameras.Rgbd, name="it") as source:
        grabbed_from(source)
        with pytest.raises(
            SourceReadError, match=r"retrieve_depth_map\(\) gave float64 \(48, 64\): expected \(48, 60\)"
        ):
            source.retrieve_depth(np.empty((48, 60), np.float32))


def test_what_cannot_be_opened_says_why() -> None:
    """A class that fails, is not there or is no camera is one error each, and can be tried again."""
    for make, text in (
        (lambda: 1 / 0, "it could not be opened: ZeroDivisionError"),
        (lambda: SimpleNamespace(grab_images=int), r"without retrieve_rgb_image_as_int\(\): expected a camera"),
    ):
        with pytest.raises(SourceOpenError, match=text):
            AiroSource(make, name="it").open()
    for spec, text in (
        ("airo:no_such_module.Camera", "cannot import no_such_module"),
        ("airo:airo_cameras.Camera", "airo_cameras has no Camera"),
        ("airo:airo_cameras.Colour?colour=red", "could not be opened: TypeError"),
    ):
        with pytest.raises(SourceOpenError, match=text):
            make_source(spec).open()


@pytest.mark.parametrize(("name", "kind"), [("Rgbd", RgbdFrame), ("Stereo", StereoRgbdFrame)])
def test_the_node_publishes_the_family_that_the_camera_delivers(
    start: Callable[..., Any], node: Any, monkeypatch: pytest.MonkeyPatch, name: str, kind: type
) -> None:
    """A camera of one's own is published with all that it has, in place, each frame whole."""
    monkeypatch.setenv("PYTHONPATH", str(Path(airo_cameras.__file__).parent))
    source = f"'airo:airo_cameras.{name}?resolution=[640,480]&fps=30'"
    start("-m", "airo_camera.node", "--ros-args", "-r", "__ns:=/own", "-p", f"source:={source}", "-p", "rate:=30.0")
    frames = FrameSubscription(node, "/own/frame")
    for _ in range(3):
        frame = frames.take(60.0)
        assert type(frame) is kind and isinstance(frame, RgbdFrame) and frame.is_zero_copy
        copied = frame.copy()
        number = int(copied.image[0, 0, 0])
        assert (copied.image == number).all() and (copied.depth[1:] == np.float32(number / 10)).all()
        if isinstance(copied, StereoRgbdFrame):
            assert (copied.right.image == (number + 100) % 256).all()
    frames.close()


def test_clouds_of_the_camera_s_own_are_published(
    start: Callable[..., Any], node: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the parameter, the known points of each frame come with the frame's number and time."""
    monkeypatch.setenv("PYTHONPATH", str(Path(airo_cameras.__file__).parent))
    source = "'airo:airo_cameras.Rgbd?resolution=[640,480]'"
    given = ("-p", f"source:={source}", "-p", "rate:=30.0", "-p", "cloud:=true")
    start("-m", "airo_camera.node", "--ros-args", "-r", "__ns:=/own", *given)
    clouds, frames = PointCloudSubscription(node, "/own/cloud"), FrameSubscription(node, "/own/frame")
    frame_stamps: dict[int, int] = {}
    cloud_stamps: dict[int, int] = {}
    while not frame_stamps.keys() & cloud_stamps.keys():
        frame, cloud = frames.take(60.0), clouds.take_copy(60.0)
        frame_stamps[frame.sequence], cloud_stamps[cloud.sequence] = frame.stamp_nanos, cloud.stamp_nanos
        assert cloud.points.shape == (cloud.sequence, 3) and (cloud.points == cloud.sequence).all()
        assert cloud.colors is not None and (cloud.colors == cloud.sequence % 256).all()
        assert cloud.frame_id == "own_optical_frame" and cloud.intrinsics is not None
    assert all(frame_stamps[n] == cloud_stamps[n] for n in frame_stamps.keys() & cloud_stamps.keys())
    frames.close()
    clouds.close()


def test_a_source_without_clouds_of_its_own_says_so(start: Callable[..., Any]) -> None:
    """Asking for clouds that a source does not make ends the node with one line that says where they are."""
    process = start("-m", "airo_camera.node", "--ros-args", "-p", "source:='sim:?depth=1'", "-p", "cloud:=true")
    assert process.wait() == 2
    assert len(process.complaints) == 1 and "makes no point clouds of its own" in process.complaints[0]


def test_a_cloud_of_other_shapes_is_refused() -> None:
    """Points and colours belong together."""
    with AiroSource(airo_cameras.Rgbd, name="it") as source:
        with pytest.raises(SourceReadError, match="makes no point clouds"):
            source.retrieve_cloud()
        grabbed_from(source)
        source._camera.retrieve_colored_point_cloud = lambda: SimpleNamespace(
            points=np.zeros((2, 3)), colors=np.zeros((1, 3), np.uint8)
        )
        with pytest.raises(SourceReadError, match=r"gave points \(2, 3\) and colors \(1, 3\): expected \(N, 3\)"):
            source.retrieve_cloud()
