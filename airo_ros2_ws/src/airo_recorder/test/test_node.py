"""The recorder node in a process of its own, behind real cameras."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray
from frames import picture, wait_for
from rclpy.executors import SingleThreadedExecutor
from reading import messages_of, pictures_of, rows_of, summary_of, times_of
from std_srvs.srv import SetBool, Trigger

from airo_frames import FramePublisher

Start = Callable[..., Any]
RECORDER = ("-m", "airo_recorder.node", "--ros-args")
SIZE_WH = (64, 48)


def parameters(**values: Any) -> list[str]:
    """Return the command line of parameters."""
    return [text for name, value in values.items() for text in ("-p", f"{name}:={value}")]


class Cameras:
    """Cameras of the test's own, which publish frames with known pixels."""

    def __init__(self, node: Any, *names: str) -> None:
        self._node = node
        self.sent = 0
        self._publishers = {
            name: FramePublisher(node, f"/{name}/frame", size_wh=SIZE_WH, encoding="rgb8", frame_id=name)
            for name in names
        }

    def send(self) -> None:
        """Publish the next frame of each camera."""
        self.sent += 1
        stamp_nanos = self._node.get_clock().now().nanoseconds
        for publisher in self._publishers.values():
            publisher.publish(picture(self.sent), stamp_nanos=stamp_nanos, encoding="rgb8")

    def send_until(self, condition: Callable[[], bool], *, what: str) -> None:
        """Publish frames until something is so."""

        def is_so() -> bool:
            self.send()
            return condition()

        wait_for(is_so, what=what)

    def close(self) -> None:
        """Stop."""
        for publisher in self._publishers.values():
            publisher.close()


class Services:
    """Clients of the recorder's services."""

    def __init__(self, node: Any) -> None:
        self._node = node
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(node)
        self._clients: dict[str, Any] = {}  # by name

    def call(self, name: str, request: Any = None) -> Any:
        """Call a service and return its answer.

        A request that is sent before the server knows the client is dropped, although the client sees the service: it
        is sent again.
        """
        kind = Trigger if request is None else SetBool
        if name not in self._clients:
            self._clients[name] = self._node.create_client(kind, f"/recorder/{name}")
        assert self._clients[name].wait_for_service(60.0)
        for _ in range(20):
            future = self._clients[name].call_async(request or kind.Request())
            self._executor.spin_until_future_complete(future, timeout_sec=3.0)
            if future.done():
                return future.result()
        raise AssertionError(f"{name} does not answer")

    def done(self, name: str, request: Any = None) -> str:
        """Call a service that has to do what it is asked for, and return what it says."""
        answer = self.call(name, request)
        assert answer.success, answer.message
        return str(answer.message)

    def close(self) -> None:
        """Stop."""
        self._executor.shutdown()


def test_services_control_recordings_of_several_cameras(start: Start, node: Any, tmp_path: Path) -> None:
    """Start, pause, resume, split, snapshot and stop do what they say, for two cameras at once."""
    process = start(
        *RECORDER,
        *parameters(
            cameras="[front,side]",
            directory=tmp_path,
            codec="ffv1",
            autostart="false",
            snapshot_secs="30.0",
            keep_free_mb="0.0",
        ),
    )
    services, cameras = Services(node), Cameras(node, "front", "side")
    refused = services.call("stop")
    assert not refused.success and refused.message == "nothing is being recorded"
    cameras.send_until(lambda: services.call("snapshot").success, what="a snapshot")
    first = Path(services.done("start"))
    assert not services.call("start").success
    cameras.send_until(lambda: summary_of(first)["written"] >= 10, what="recorded frames")
    services.done("split")
    services.done("pause")
    cameras.send()
    services.done("resume")
    cameras.send_until(lambda: (first / "front_0001.mkv").exists(), what="another file")
    assert "frames written" in services.done("stop")
    second = Path(services.done("record", SetBool.Request(data=True)))
    cameras.send_until(lambda: summary_of(second)["written"] >= 4, what="recorded frames")
    services.done("record", SetBool.Request(data=False))
    snapshot = Path(services.done("snapshot"))
    for folder in (first, second, snapshot):
        summary = summary_of(folder)
        assert summary["state"] == "complete" and set(summary["cameras"]) == {"front", "side"}
        for camera, book in summary["cameras"].items():
            rows = [row for row in rows_of(folder, camera) if row["status"] == "written"]
            assert len(rows) == book["written"] > 0
            shown = {name: pictures_of(folder / name) for name in book["videos"]}
            assert sum(map(len, shown.values())) == len(rows)
            for row in rows:
                assert (shown[row["file"]][int(row["index"])] == picture(int(row["sequence"]))).all()
    process.popen.send_signal(signal.SIGINT)
    assert process.wait() == 0, process.errors
    services.close()
    cameras.close()


def test_a_signal_ends_a_valid_file(start: Start, node: Any, tmp_path: Path) -> None:
    """A node that is told to end closes its files, and every frame since the first is written or known to be lost."""
    process = start(*RECORDER, *parameters(cameras="[front]", directory=tmp_path, keep_free_mb="0.0"))
    cameras = Cameras(node, "front")
    cameras.send_until(lambda: any(tmp_path.glob("*/front_0000.mkv")), what="a file")
    (folder,) = tmp_path.iterdir()
    cameras.send_until(lambda: summary_of(folder)["written"] > 5, what="frames on the disk")
    process.popen.send_signal(signal.SIGTERM)
    assert process.wait() == 0, process.errors
    summary = summary_of(folder)
    assert (summary["state"], summary["reason"]) == ("complete", "")
    assert len(times_of(folder / "front_0000.mkv")) == summary["written"]
    sequences = sorted(int(row["sequence"]) for row in rows_of(folder))
    assert sequences == list(range(sequences[0], sequences[-1] + 1))
    assert len(sequences) == summary["written"] + summary["lost"]
    cameras.close()


def test_a_restarted_camera_with_another_resolution(start: Start, node: Any, tmp_path: Path) -> None:
    """Real cameras of two sizes, one after the other, give two files of one recording."""
    camera = ("-m", "airo_camera.node", "--ros-args", "-r", "__ns:=/front", "-p")
    recorder = start(*RECORDER, *parameters(cameras="[front]", directory=tmp_path, keep_free_mb="0.0"))
    for number, size in enumerate(("width=320&height=240", "width=1280&height=720")):
        running = start(*camera, f"source:='sim:?fps=20&{size}'")
        path = f"*/front_{number:04d}.mkv"
        wait_for(lambda path=path: [p for p in tmp_path.glob(path) if p.stat().st_size > 1000], what=path)
        running.popen.send_signal(signal.SIGINT)
        assert running.wait() == 0, running.errors
    recorder.popen.send_signal(signal.SIGINT)
    assert recorder.wait() == 0, recorder.errors
    (folder,) = tmp_path.iterdir()
    summary = summary_of(folder)
    assert any("320x240 rgb8 to 1280x720 rgb8" in event["event"] for event in summary["events"])
    assert pictures_of(folder / "front_0000.mkv")[0].shape == (240, 320, 3)
    assert pictures_of(folder / "front_0001.mkv")[0].shape == (720, 1280, 3)
    assert summary["cameras"]["front"]["intrinsics"] and len(summary["cameras"]["front"]["intrinsics"]) == 2


def test_tags_and_their_transforms_are_recorded(start: Start, node: Any, tmp_path: Path) -> None:
    """Beside the video a bag holds the detections of a real tag_pose node, and /tf."""
    start("-m", "airo_camera.node", "--ros-args", "-r", "__ns:=/front", "-p", "source:='sim:?tags=2&fps=10'")
    start("-m", "tag_pose.node", "--ros-args", "-r", "__ns:=/front")
    recorder = start(*RECORDER, *parameters(cameras="[front]", directory=tmp_path, keep_free_mb="0.0"))
    wait_for(lambda: any(tmp_path.glob("*/summary.json")), what="a recording")
    (folder,) = tmp_path.iterdir()
    wait_for(lambda: summary_of(folder)["bag"]["messages"].get("/front/tags", 0) >= 5, what="tags")
    recorder.popen.send_signal(signal.SIGINT)
    assert recorder.wait() == 0, recorder.errors
    (bag,) = folder.glob("*.mcap")
    tags, transforms = messages_of(bag, "/front/tags"), messages_of(bag, "/tf")
    assert len(tags) >= 5 and all(message.count == 2 for message in tags)
    assert transforms[0].transforms[0].child_frame_id == "tag36h11:0"
    stamps = {int(row["stamp_ns"]) for row in rows_of(folder)}
    assert any(m.stamp.sec * 10**9 + m.stamp.nanosec in stamps for m in tags)


def test_diagnostics(start: Start, node: Any, tmp_path: Path) -> None:
    """The state, what was written and what is left on the disk stand on /diagnostics."""
    start(*RECORDER, *parameters(cameras="[front]", directory=tmp_path, keep_free_mb="0.0"))
    received: list[Any] = []
    subscription = node.create_subscription(DiagnosticArray, "/diagnostics", received.append, 10)
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def has_come() -> bool:
        executor.spin_once(timeout_sec=0.1)
        return bool(received)

    wait_for(has_come, what="diagnostics")
    executor.shutdown()
    node.destroy_subscription(subscription)
    (status,) = received[0].status
    values = {value.key: value.value for value in status.values}
    assert (status.level, status.message, status.name) == (b"\0", "recording", "/recorder")
    assert values["frames lost"] == "0" and float(values["MB left on disk"]) > 0 and str(tmp_path) in values["folder"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"codec": "vp9"}, "codec is 'vp9': expected one of"),
        ({"cameras": "[front,front]"}, "expected names, each once"),
        ({"keep_free_mb": "1e12"}, "MB left: expected at least"),
        ({"transforms": "[rotate=3]"}, "cannot understand the transform 'rotate=3'"),
        ({"queue_mb": "0.0"}, "queue_mb got 0.0: expected a number at least 1"),
    ],
)
def test_what_cannot_work_ends_the_node_with_one_line(
    start: Start, tmp_path: Path, given: dict[str, Any], text: str
) -> None:
    """A bad parameter or a disk without room is one line and status 2."""
    process = start(*RECORDER, *parameters(directory=tmp_path / "here", **given))
    assert process.wait() == 2
    assert len(process.complaints) == 1 and text in process.complaints[0], process.errors
