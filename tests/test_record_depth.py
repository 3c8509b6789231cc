"""Recording cameras with depth and two views, and being such a camera again, end to end."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from airo_camera.exceptions import SourceReadError
from airo_camera.sources.source import Source
from airo_camera.sources.spec import make_source
from airo_frames import Intrinsics, PointCloudPublisher, PointCloudSubscription, RgbdPublisher

Start = Callable[..., Any]
CLI = ("-m", "airo_ros2.cli")
COUNT = 8
SIZE_WH = (320, 240)
SCENE = "width=320&height=240&fps=200&pace=fast"
KINDS = {"rgbd": f"sim:?depth=1&range=0.55&{SCENE}", "stereo": f"sim:?stereo=0.12&{SCENE}"}
WAIT_SECS = 60.0


def camera(start: Start, **parameters: Any) -> Any:
    """Start a camera node named front."""
    given = [text for name, value in parameters.items() for text in ("-p", f"{name}:={value}")]
    return start("-m", "airo_camera.node", "--ros-args", "-r", "__ns:=/front", *given)


def record(start: Start, source: str, output: Path, *options: str) -> tuple[Path, dict[str, Any]]:
    """Record the first frames of a source through a camera in lockstep, and return the folder and the summary."""
    recorder = start(*CLI, "record", "--camera", "front", "--no-loss", "--json", "--output", output, *options)
    running = camera(start, source=f"'{source}'", lockstep="true", frames=COUNT)
    assert running.wait() == 0, running.errors
    assert recorder.wait() == 0, recorder.errors
    said = json.loads(recorder.output[0])
    assert (said["written"], said["lost"]) == (COUNT, 0)
    return Path(said["folder"]), said


def retrieved(source: Source) -> dict[str, Any]:
    """Return everything of the next frame of a source."""
    grabbed = source.grab()
    assert grabbed is not None
    width, height = grabbed.size_wh
    planes: dict[str, Any] = {"image": np.empty((height, width, 3), np.uint8), "grabbed": grabbed}
    source.retrieve(planes["image"])
    for name, is_there in (("depth", grabbed.has_depth), ("confidence", grabbed.has_confidence)):
        if is_there:
            planes[name] = np.empty((height, width), np.float32)
            getattr(source, f"retrieve_{name}")(planes[name])
    if grabbed.right is not None:
        planes["right"] = np.empty((height, width, 3), np.uint8)
        source.retrieve_right(planes["right"])
    return planes


@pytest.mark.parametrize("kind", ["rgbd", "stereo"])
@pytest.mark.parametrize(
    "options",
    [("--format", "mcap"), ("--format", "mcap", "--depth", "png", "--image", "png"), ("--codec", "ffv1")],
    ids=" ".join,
)
def test_a_replay_is_the_camera_again(start: Start, tmp_path: Path, kind: str, options: tuple[str, ...]) -> None:
    """Both views, depth and confidence, all intrinsics and where the second lens is; exact depth bit by bit."""
    folder, said = record(start, KINDS[kind], tmp_path, *options)
    has_exact_depth = options == ("--format", "mcap")
    known = 0
    with make_source(KINDS[kind]) as camera_again, make_source(f"recording:{folder}?speed=0") as replay:
        for _ in range(COUNT):
            true, found = retrieved(camera_again), retrieved(replay)
            assert set(true) == set(found)
            for view in ("image", "right") if kind == "stereo" else ("image",):
                np.testing.assert_array_equal(found[view], true[view])
            for plane in ("depth", "confidence"):
                if has_exact_depth:
                    assert found[plane].tobytes() == true[plane].tobytes()
                np.testing.assert_allclose(found[plane], true[plane], atol=0.000501 if plane == "depth" else 0.00197)
            known += int(np.isfinite(true["depth"]).sum())
            expected = true["grabbed"].intrinsics
            np.testing.assert_array_equal(found["grabbed"].intrinsics.camera_matrix, expected.camera_matrix)
            assert found["grabbed"].family == true["grabbed"].family
            if kind == "stereo":
                left_from_right = true["grabbed"].right.left_from_right
                np.testing.assert_array_equal(found["grabbed"].right.left_from_right, left_from_right)
                matrix = found["grabbed"].right.intrinsics.camera_matrix
                np.testing.assert_array_equal(matrix, true["grabbed"].right.intrinsics.camera_matrix)
        assert replay.grab() is None
    assert 0 < known and (kind == "stereo" or known < COUNT * SIZE_WH[0] * SIZE_WH[1])  # some depths are not known
    written = {name: stream["written"] for name, stream in said["cameras"]["front"]["streams"].items()}
    names = ("image", "depth", "confidence", *(["right"] if kind == "stereo" else []))
    assert written == dict.fromkeys(names, COUNT)


def test_the_facade_gets_what_was_recorded(start: Start, tmp_path: Path) -> None:
    """A StereoRGBDCamera on a replay has the recorded depth, points, views and the pose of the right one."""
    from airo_ros2 import StereoRGBDCamera
    from airo_ros2.session import shutdown

    folder, said = record(start, KINDS["stereo"], tmp_path, "--format", "mcap")
    with make_source(KINDS["stereo"]) as source:
        frames = [retrieved(source) for _ in range(COUNT)]
    with make_source(f"recording:{folder}?speed=0") as source:
        stamps = [retrieved(source)["grabbed"].stamp_nanos for _ in range(COUNT)]
    running = camera(start, source=f"'recording:{folder}'", rate="20.0", loop="true")
    try:
        with StereoRGBDCamera("front", timeout=WAIT_SECS) as front:
            front.grab_images()
            true = frames[stamps.index(front.frame.stamp_nanos)]
            np.testing.assert_array_equal(front.retrieve_rgb_image_as_int(), true["image"])
            np.testing.assert_array_equal(front.retrieve_rgb_image_as_int(view="right"), true["right"])
            assert front.retrieve_depth_map().tobytes() == true["depth"].tobytes()
            assert front.retrieve_confidence_map().tobytes() == true["confidence"].tobytes()
            points = front.retrieve_colored_point_cloud().points
            assert len(points) == np.isfinite(true["depth"]).sum()
            pose = front.pose_of_right_view_in_left_view
            assert pose.tolist() == said["cameras"]["front"]["right_lenses"][0]["left_from_right"]
    finally:
        shutdown()
    running.popen.send_signal(signal.SIGINT)
    assert running.wait() == 0, running.errors


def cloud_of(number: int) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return points and colours that tell their number."""
    random = np.random.default_rng(number)
    points = random.normal(size=(1000 + number, 3)).astype(np.float32)
    return points, random.integers(0, 256, points.shape, dtype=np.uint8)


class CloudCamera:
    """A camera of the test's own that publishes frames with depth and, for each but every fourth, a cloud."""

    def __init__(self, node: Any) -> None:
        self.sent = 0
        self._frames = RgbdPublisher(node, "/front/frame", size_wh=(64, 48), encoding="rgb8", frame_id="front")
        self._clouds = PointCloudPublisher(node, "/front/cloud", count=4000, frame_id="front")

    def send(self) -> None:
        """Publish the next frame and its cloud."""
        self.sent += 1
        given: dict[str, Any] = {
            "stamp_nanos": time.time_ns(),
            "sequence": self.sent,
            "intrinsics": Intrinsics.pinhole(60.0, 60.0, 31.5, 23.5),
        }
        image = np.full((48, 64, 3), self.sent % 256, np.uint8)
        self._frames.publish(image, np.full((48, 64), self.sent / 7, np.float32), encoding="rgb8", **given)
        if self.sent % 4:
            self._clouds.publish(*cloud_of(self.sent), size_wh=(64, 48), **given)

    def send_until(self, condition: Callable[[], bool]) -> None:
        """Publish until something is so."""
        deadline = time.monotonic() + WAIT_SECS
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            self.send()
            time.sleep(0.02)

    def close(self) -> None:
        """Stop."""
        self._frames.close()
        self._clouds.close()


@pytest.mark.parametrize("container", ["mkv", "mcap"])
def test_clouds_come_back(start: Start, node: Any, tmp_path: Path, container: str) -> None:
    """Clouds that a camera publishes itself are recorded beside its frames, and replayed with the frame they are of."""
    options = ("--format", container, "--codec", "ffv1")
    recorder = start(*CLI, "record", "--camera", "front", "--json", "--output", tmp_path, *options)
    cloud_camera = CloudCamera(node)

    def summaries() -> Iterator[dict[str, Any]]:
        for path in tmp_path.glob("*/summary.json"):
            yield json.loads(path.read_text())["cameras"]["front"]

    cloud_camera.send_until(lambda: any(each.get("clouds", {}).get("written", 0) >= 12 for each in summaries()))
    recorder.popen.send_signal(signal.SIGINT)
    assert recorder.wait() == 0, recorder.errors
    cloud_camera.close()
    said = json.loads(recorder.output[0])
    books, found = said["cameras"]["front"], 0
    spec = f"recording:{said['folder']}?speed=0"
    with make_source(spec, loop=True) as source:
        for _ in range(2 * books["written"]):
            grabbed = source.grab()
            assert grabbed is not None
            image = np.empty((48, 64, 3), np.uint8)
            source.retrieve(image)
            if not grabbed.has_cloud:
                with pytest.raises(SourceReadError, match="has no point cloud of this frame"):
                    source.retrieve_cloud()
                continue
            found += 1
            cloud = source.retrieve_cloud()
            points, colors = cloud_of(int(image[0, 0, 0]))
            assert cloud.points.tobytes() == points.tobytes() and cloud.colors is not None
            np.testing.assert_array_equal(cloud.colors, colors)
    assert 20 <= found < 2 * books["written"]
    clouds = PointCloudSubscription(node, "/front/cloud")
    running = camera(start, source=f"'{spec}'", cloud="true", rate="20.0", loop="true")
    received = clouds.take(WAIT_SECS).copy()
    assert len(received.points) in {1000 + number for number in range(cloud_camera.sent + 1) if number % 4}
    clouds.close()
    running.popen.send_signal(signal.SIGINT)
    assert running.wait() == 0, running.errors
