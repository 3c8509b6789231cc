"""Set-ups that go on: processes that fail, sources that come and go, cameras that are added and removed meanwhile."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import socket
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from mcap.reader import make_reader
from sensor_msgs.msg import CompressedImage, Image, PointCloud2

ROOT = Path(__file__).resolve().parent.parent
COMMAND = ("-m", "airo_ros2.cli")
SERVER = ROOT / "airo_ros2_ws/src/airo_camera/test/mjpeg_server.py"
OWN_SHARED_MEMORY = ROOT / "tests/safety/own_shared_memory.py"
SMALL = "sim:?width=640&height=480&fps=10&tags=1"
WAIT_SECS = 60.0
NODES_THAT_RECORD = ("camera", "tag_pose", "recorder")
Start = Callable[..., Any]


class Setup:
    """A running set-up and what can be asked of it."""

    def __init__(
        self, start: Start, folder: Path, cameras: str, *, options: str = "", prefix: tuple[Any, ...] = ()
    ) -> None:
        self._start = start
        self._prefix = prefix
        self.file = folder / "lab.yaml"
        self.logs = folder / "logs"
        restart = "" if "restart" in options else "restart: {first_wait: 0.05}\n"
        shared = "" if "relay" in options else "view: false\nrelay: false\ncompressed_relay: false"
        self.file.write_text(f"{restart}logs: {{folder: {self.logs}}}\n{shared}\n{options}\ncameras:\n{cameras}")
        self.process = start(*prefix, *COMMAND, "bringup", self.file)

    def ask(self, *arguments: str) -> Any:
        """Run `airo-ros2 camera` to its end and return the process."""
        done = self._start(*self._prefix, *COMMAND, "camera", "--timeout", "30", *arguments)
        done.wait()
        return done

    def status(self) -> dict[str, Any]:
        """Return the processes by name."""
        done = self.ask("list", "--json")
        assert done.popen.returncode == 0, done.errors
        return {process["name"]: process for process in json.loads(done.output[0])["processes"]}

    def wait_for(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Ask for the status until something is so, and return it."""
        deadline = time.monotonic() + WAIT_SECS
        while not condition(status := self.status()):
            assert time.monotonic() < deadline, (status, self.process.errors)
        return status

    def end(self) -> None:
        """End it with Ctrl-C, which is status 0."""
        self.process.popen.send_signal(signal.SIGINT)
        assert self.process.wait() == 0, self.process.errors


def test_killed_processes_come_back_and_others_go_on(start: Start, tmp_path: Path) -> None:
    """Camera and tag_pose of one camera are killed; both return; the other camera's processes are the same ones."""
    lab = Setup(start, tmp_path, f"  front: {{source: '{SMALL}'}}\n  side: {{source: '{SMALL}'}}\n")
    lab.process.expect("front .*tag36h11:0")
    before = lab.wait_for(lambda processes: len(processes) == 4)
    for name in ("front/camera", "front/tag_pose"):
        os.kill(before[name]["process_id"], signal.SIGKILL)
    after = lab.wait_for(
        lambda processes: all(processes[f"front/{n}"]["restarts"] == 1 for n in ("camera", "tag_pose"))
    )
    lab.process.expect("front .*tag36h11:0")
    assert after["front/camera"]["process_id"] != before["front/camera"]["process_id"]
    for name in ("side/camera", "side/tag_pose"):
        assert (after[name]["process_id"], after[name]["restarts"]) == (before[name]["process_id"], 0)
    lab.end()
    said = [line for line in lab.process.complaints if line.startswith("airo-ros2:")]
    assert sorted(said) == [
        "airo-ros2: camera front was killed by SIGKILL: starting again at once (failure 1 of 8)",
        "airo-ros2: tag_pose of front was killed by SIGKILL: starting again at once (failure 1 of 8)",
    ]
    assert "was killed by SIGKILL" in (lab.logs / "supervisor.log").read_text()


def test_a_node_that_always_fails_is_given_up(start: Start, tmp_path: Path) -> None:
    """The verdict is clear, and another camera goes on; when no camera is left, the set-up ends with status 1."""
    cameras = f"  bad: {{source: missing.png}}\n  good: {{source: '{SMALL}'}}\n"
    lab = Setup(start, tmp_path, cameras, options="restart: {limit: 2, first_wait: 0.05}")
    lab.process.expect(
        r"^airo-ros2: camera bad ended with status 2: given up, it has failed 3 times within 120 s; "
        r"it said last: camera: .*missing.png does not exist",
        stream="errors",
    )
    lab.process.expect("good .*tag36h11:0")
    status = lab.status()
    assert status["bad/camera"]["state"] == "given up" and status["good/camera"]["state"] == "running"
    listed = lab.ask("list").output
    assert any(re.match(r"bad/camera +given up .* 2 .*missing.png does not exist", line) for line in listed), listed
    assert lab.ask("remove", "good").popen.returncode == 0
    assert lab.process.wait() == 1
    assert lab.process.complaints[-1] == "airo-ros2: given up: camera bad"


def test_a_stopped_node_is_replaced(start: Start, tmp_path: Path) -> None:
    """A camera that does not say anything any more is killed and started again."""
    lab = Setup(start, tmp_path, f"  front: {{source: '{SMALL}', tags: false}}\n")
    before = lab.wait_for(lambda processes: processes["front/camera"]["level"] is not None)
    os.kill(before["front/camera"]["process_id"], signal.SIGSTOP)
    lab.process.expect(r"camera front has not said anything for 1\d s: it hangs: starting again", stream="errors")
    lab.wait_for(lambda processes: processes["front/camera"]["restarts"] == 1)
    lab.end()


def test_a_camera_that_comes_and_goes(start: Start, node: Any, tmp_path: Path) -> None:
    """A stream that is not there yet, comes, is lost and comes back, all in one camera process."""
    server = start(SERVER, "0")
    port = server.expect(r"ready (\d+)")[1]
    server.kill_group()
    lab = Setup(start, tmp_path, f"  door: {{source: 'http://127.0.0.1:{port}/', tags: false}}\n")
    lab.process.expect(r"\[door/camera\] .*cannot open http://127.0.0.1:.*trying again", stream="errors")
    server = start(SERVER, port)
    lab.process.expect(r"\[door/camera\] connected again", stream="errors")
    server.kill_group()
    lab.process.expect(r"\[door/camera\] .*no more images.*trying again", stream="errors")
    lost = lab.wait_for(lambda processes: processes["door/camera"]["level"] == 2)
    assert "127.0.0.1" in lost["door/camera"]["message"]
    start(SERVER, port)
    lab.process.expect(r"\[door/camera\] connected again", stream="errors")
    found = lab.wait_for(lambda processes: processes["door/camera"]["level"] == 0)
    assert found["door/camera"]["restarts"] == 0
    assert found["door/camera"]["process_id"] == lost["door/camera"]["process_id"]
    assert int(found["door/camera"]["values"]["connections"]) == 2
    lab.end()


def test_cameras_at_run_time(start: Start, tmp_path: Path) -> None:
    """Cameras are added, changed, restarted and removed; what is not concerned keeps its processes."""
    lab = Setup(start, tmp_path, f"  front: {{source: '{SMALL}'}}\n")
    lab.process.expect("front .*tag36h11:0")
    before = lab.status()
    added = lab.ask("add", "side", SMALL, "tags.size=0.2", "depth=2")
    assert (added.popen.returncode, added.output) == (0, ["added side: camera side, tag_pose of side"])
    lab.process.expect("side .*tag36h11:0")
    changed = lab.ask("set", "side", "tags.size=0.3")
    assert changed.output == ["restarted tag_pose of side"]
    assert lab.ask("set", "side", "tags.size=0.3").output == ["nothing to do: side is like that already"]
    lab.process.expect("side .*tag36h11:0")
    assert lab.ask("set", "side", "tags=false").output == ["ended tag_pose of side"]
    restarted = lab.ask("restart", "side")
    assert restarted.output == ["restarting side"]
    status = lab.wait_for(lambda processes: processes["side/camera"]["restarts"] == 1)
    assert sorted(status) == ["front/camera", "front/tag_pose", "side/camera"]
    assert lab.ask("remove", "side").output == ["removed side"]
    after = lab.wait_for(lambda processes: sorted(processes) == ["front/camera", "front/tag_pose"])
    for name in ("front/camera", "front/tag_pose"):
        assert after[name]["process_id"] == before[name]["process_id"]
    lab.end()


def test_refusals(start: Start, tmp_path: Path) -> None:
    """What cannot be done is one line that says why, and nothing changes."""
    lab = Setup(start, tmp_path, f"  front: {{source: '{SMALL}', tags: false}}\n")
    before = lab.status()
    for arguments, line in (
        (["add", "front", SMALL], "there is a camera front already: use set to change it, or remove it first"),
        (["add", "side", "nonsense:"], "camera side:1: cannot understand the source 'nonsense:'"),
        (["set", "front", "depth=0"], "camera front:1: depth: got 0, expected a whole number at least 1"),
        (["set", "front", "depth"], "got 'depth', expected KEY=VALUE"),
        (["set", "front", "depth=1", "depth=2"], "depth is given twice"),
        (["remove", "side"], "there is no camera side: cameras are front"),
        (["restart", "side"], "there is no camera side: cameras are front"),
        (["--setup", "other", "--timeout", "2", "list"], "no set-up other runs in ROS domain"),
    ):
        done = lab.ask(*arguments)
        assert done.popen.returncode in (1, 2) and done.output == []
        assert len(done.complaints) == 1 and done.complaints[0].startswith(f"airo-ros2: {line}"), done.errors
    after = lab.status()
    assert after["front/camera"]["process_id"] == before["front/camera"]["process_id"] and len(after) == 1
    lab.end()


def test_nothing_runs(start: Start, ros_domain: int) -> None:
    """Without a set-up the command says how to start one."""
    done = start(*COMMAND, "camera", "--timeout", "1", "list")
    assert done.wait() == 1
    line = f"airo-ros2: no set-up runs in ROS domain {ros_domain}: start one with airo-ros2 bringup CONFIG.yaml"
    assert done.complaints == [line]


def test_two_set_ups_of_one_name(start: Start, tmp_path: Path) -> None:
    """The second one is refused at once; the first goes on; with another name both run, and one has to be chosen."""
    lab = Setup(start, tmp_path, f"  front: {{source: '{SMALL}'}}\n")
    lab.process.expect("front .*tag36h11:0")
    second = start(*COMMAND, "bringup", lab.file)
    assert second.wait() == 1
    assert len(second.complaints) == 1 and "the set-up lab runs already in ROS domain" in second.complaints[0]
    lab.process.expect("front .*tag36h11:0")
    (tmp_path / "other.yaml").write_text(f"cameras: {{side: {{source: '{SMALL}', tags: false}}}}\nlogs: false\n")
    other = start(*COMMAND, "bringup", tmp_path / "other.yaml")
    while not (done := lab.ask("list")).errors:
        pass
    assert done.complaints == ["airo-ros2: several set-ups run: choose one with --setup: lab, other"]
    assert any("side/camera" in line for line in lab.ask("--setup", "other", "list").output)
    other.popen.send_signal(signal.SIGTERM)
    assert other.wait() == 0
    lab.end()


def test_memory_is_counted_again(start: Start, tmp_path: Path) -> None:
    """A camera whose frames do not fit beside those of the others is refused with numbers, and nothing is started."""
    probe = start(OWN_SHARED_MEMORY, "1m", "-c", "")
    if probe.wait() != 0:
        pytest.skip("a /dev/shm of its own needs the permission to mount")
    holder = start(OWN_SHARED_MEMORY, "64m", "-c", "print('ready', flush=True); input()")
    holder.expect("ready")
    prefix = (OWN_SHARED_MEMORY, f"={holder.popen.pid}")
    source = "sim:?width=1920&height=1080&fps=5"
    lab = Setup(start, tmp_path, f"  front: {{source: '{source}', tags: false}}\n", prefix=prefix)
    lab.wait_for(lambda processes: processes["front/camera"]["shared_memory_bytes"] > 30e6)
    refused = lab.ask("add", "side", source, "depth=8", "tags=false")
    assert refused.popen.returncode == 1
    assert "the cameras need 87 MB of /dev/shm (front 31 MB, side 56 MB), of whose 67 MB" in refused.complaints[0]
    assert "mount -o remount,size=" in refused.complaints[0]
    assert sorted(lab.status()) == ["front/camera"]
    larger = lab.ask("set", "front", "depth=20")
    assert "front 131 MB" in larger.complaints[0]
    assert lab.ask("set", "front", "depth=2").output == ["restarted camera front"]
    assert lab.ask("add", "side", source, "depth=2", "tags=false").popen.returncode == 0
    lab.end()
    holder.say("")
    assert holder.wait() == 0


def test_seen_from_outside(start: Start, node: Any, tmp_path: Path) -> None:
    """/diagnostics, top and the metrics tell the same of every process."""
    import rclpy

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    lab = Setup(start, tmp_path, f"  front: {{source: '{SMALL}'}}\n", options=f"prometheus: {port}")
    found: dict[str, Any] = {}

    def on_array(array: Any) -> None:
        found.update({status.name: status for status in array.status})

    node.create_subscription(DiagnosticArray, "/diagnostics", on_array, 50)
    wanted = {"front/camera: frames", "airo_ros2_lab: front/camera", "airo_ros2_lab: front/tag_pose"}
    deadline = time.monotonic() + WAIT_SECS
    while not wanted <= set(found):
        assert time.monotonic() < deadline, found
        rclpy.spin_once(node, timeout_sec=0.1)
    process = {value.key: value.value for value in found["airo_ros2_lab: front/camera"].values}
    assert process["state"] == "running" and process["restarts"] == "0" and float(process["memory (MB)"]) > 10
    lab.wait_for(lambda processes: float(processes["front/camera"]["values"].get("rate (Hz)", 0)) > 0)
    top = start(*COMMAND, "top", "--once", "--json", "--interval", "2")
    assert top.wait() == 0
    nodes = {each["name"]: each for each in json.loads(top.output[0])["nodes"]}
    assert nodes["front/camera"]["values"]["state"] == "running"
    assert nodes["front/camera"]["values"]["format"] == "640x480 rgb8"
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        metrics = answer.read().decode()
    labels = '{camera="front",node="front/camera",setup="lab"}'
    assert f"airo_ros2_process_up{labels} 1.0" in metrics
    assert f"airo_ros2_process_restarts{labels} 0.0" in metrics
    assert re.search(rf"airo_ros2_node_rate_hz{re.escape(labels)} \d", metrics)
    lab.end()


def test_viewing_and_relaying(start: Start, node: Any, tmp_path: Path) -> None:
    """Web view and both relays serve all cameras with the settings of the file, and come back when they are killed."""
    import rclpy

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = f"view: {{port: {port}}}\nrelay: {{max_points: 1000}}\ncompressed_relay: {{quality: 5, nice: 12}}"
    lab = Setup(
        start,
        tmp_path,
        "  front: {source: 'sim:?depth=1', size: [320, 240], fps: 10, tags: {size: 0.2}, depth: 6, nice: 1}\n"
        "  side: {source: 'sim:', size: [640, 480], fps: 10, tags: false, frame_id: table}\n",
        options=options,
    )
    lab.process.expect("front .*tag36h11:0")
    status = lab.status()
    names = ["compressed_relay", "front/camera", "front/tag_pose", "relay", "side/camera", "web_view"]
    assert sorted(status) == names
    priorities = {name: os.getpriority(os.PRIO_PROCESS, each["process_id"]) for name, each in status.items()}
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert priorities == {name: own + nice for name, nice in zip(names, (12, 1, 3, 6, 0, 6), strict=True)}
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as page:
        assert page.status == 200
    found: dict[str, Any] = {}
    topics = {
        "/front/points": PointCloud2,
        "/front/image_raw": Image,
        "/side/image_raw": Image,
        "/side/image_raw/compressed": CompressedImage,
    }

    def follow(topic: str) -> None:
        node.create_subscription(topics[topic], topic, lambda message: found.update({topic: message}), 5)

    def wait_for(*wanted: str) -> None:
        deadline = time.monotonic() + WAIT_SECS
        while not set(wanted) <= set(found):
            assert time.monotonic() < deadline, (list(found), lab.process.errors)
            rclpy.spin_once(node, timeout_sec=0.1)

    for topic in topics:
        follow(topic)
    wait_for(*topics)
    assert (found["/front/image_raw"].width, found["/side/image_raw"].width) == (320, 640)
    assert found["/side/image_raw"].header.frame_id == "table"
    cloud = found["/front/points"]
    assert 500 < cloud.width * cloud.height <= 1000
    assert len(found["/side/image_raw/compressed"].data) < 12000  # with the default quality it has 21000
    for name, topic in (("relay", "/front/image_raw"), ("compressed_relay", "/side/image_raw/compressed")):
        os.kill(status[name]["process_id"], signal.SIGKILL)
        lab.process.expect(rf"^airo-ros2: {name.replace('_', ' ')} was killed by SIGKILL", stream="errors")
        found.clear()
        wait_for(topic)
    lab.wait_for(lambda processes: [processes[n]["restarts"] for n in names] == [1, 0, 0, 1, 0, 0])
    lab.end()
    lab.process.kill_group()  # processes were killed: ros_domain then removes what they kept of this test's own node


def test_check(start: Start, tmp_path: Path) -> None:
    """--check starts nothing: it lists what would run, or everything that is wrong, with lines."""
    good = tmp_path / "good.yaml"
    good.write_text(f"cameras: {{front: {{source: '{SMALL}'}}, side: {{source: /dev/video7, tags: false}}}}\n")
    checked = start(*COMMAND, "bringup", good, "--check")
    assert checked.wait() == 0 and checked.complaints == []
    assert checked.output == [
        "set-up good: 2 cameras, what fails is started again, given up after 8 failures within 120 s",
        f"front: {SMALL}; camera (nice 0), tag_pose (nice 3); 4.6 MB of shared memory",
        "side: /dev/video7; camera (nice 0); shared memory shows when it is connected",
    ]
    bad = tmp_path / "bad.yaml"
    bad.write_text("cameras:\n  front: {depth: 0}\n  side:\n    tags: {sise: 1}\n")
    checked = start(*COMMAND, "bringup", bad, "--check")
    assert checked.wait() == 2 and checked.output == []
    assert [line.split(": ")[1] for line in checked.complaints] == [f"{bad}:2", f"{bad}:4"]
    worse = tmp_path / "worse.yaml"
    worse.write_text(
        "cameras: {front: {source: none.png, calibration: none.yaml, cpus: [999], tags: {families: [tag99h99]}}}\n"
    )
    checked = start(*COMMAND, "bringup", worse, "--check")
    assert checked.wait() == 2
    text = "\n".join(checked.complaints)
    assert "none.yaml" in text and "tag99h99" in text and "camera front: cpus got [999]" in text


def test_parameter_files(start: Start, tmp_path: Path) -> None:
    """A ROS parameter file sets what the set-up does not, and the set-up wins over it."""
    (tmp_path / "tags.yaml").write_text("/one/tag_pose: {ros__parameters: {tag_size: 0.5, decimate: 2.0}}\n")
    distances = []
    for tags in ("true", "{size: 0.1}"):
        setup = tmp_path / "with_file.yaml"
        setup.write_text(f"cameras: {{one: {{source: '{SMALL}&motion=0', parameters: tags.yaml, tags: {tags}}}}}\n")
        run = start(*COMMAND, "bringup", setup, "--json", "--frames", "1")
        assert run.wait() == 0, run.errors
        distances.append(json.loads(run.output[0])["detections"][0]["position"][2])
    assert distances[0] / distances[1] == pytest.approx(5.0, rel=0.05)


def test_a_set_up_of_files_ends_with_them(start: Start, tmp_path: Path) -> None:
    """When the last camera has come to the end of its files, the set-up ends with status 0."""
    import cv2
    import numpy as np

    for index in range(3):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.zeros((48, 64, 3), np.uint8))
    lab = Setup(start, tmp_path, "  files: {source: '*.png', fps: 20, tags: false}\n")
    assert lab.process.wait() == 0
    assert lab.process.complaints == []


def test_restart_without_a_file(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--restart lets a plain bringup go on after a failure, too."""
    monkeypatch.setenv("ROS_LOG_DIR", str(tmp_path))
    process = start(*COMMAND, "bringup", "--restart", "--source", SMALL)
    process.expect("camera .*tag36h11:0")
    pid = process.popen.pid
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    for child in children:
        os.kill(child, signal.SIGKILL)
    process.expect("failure 1 of 8", stream="errors")
    process.expect("failure 1 of 8", stream="errors")
    seen = len(process.output)
    tick = threading.Event()
    for _ in range(6000):
        if len(process.output) > seen + 3:
            break
        tick.wait(0.01)
    process.popen.send_signal(signal.SIGINT)
    assert process.wait() == 0
    assert (tmp_path / "airo_ros2/bringup/supervisor.log").exists()


def test_a_set_up_that_records(start: Start, tmp_path: Path) -> None:
    """Two cameras, one with depth, with tags and recorders: after Ctrl-C every file is whole, and the books agree."""
    recordings = tmp_path / "recordings"
    common = f"directory: {recordings}, keep_free_mb: 0"
    cameras = (
        f"  front: {{source: '{SMALL}&depth=1', record: {{{common}, format: mcap}}}}\n"
        f"  side: {{source: '{SMALL}', record: {{{common}, codec: ffv1}}}}\n"
    )
    lab = Setup(start, tmp_path, cameras)
    lab.process.expect("front .*tag36h11:0")
    assert set(lab.status()) == {f"{name}/{node}" for name in ("front", "side") for node in NODES_THAT_RECORD}

    def summaries() -> dict[str, Any]:
        found = {path.parts[-3]: json.loads(path.read_text()) for path in recordings.glob("*/*/summary.json")}
        return found if set(found) == {"front", "side"} else {}

    deadline = time.monotonic() + WAIT_SECS
    while not (said := summaries()) or any(
        each["written"] < 10 or each["bag"]["messages"].get(f"/{name}/tags", 0) < 5 for name, each in said.items()
    ):
        assert time.monotonic() < deadline, (said, lab.process.errors)
        time.sleep(0.1)
    lab.end()
    said = summaries()
    for name, summary in said.items():
        assert (summary["state"], summary["reason"]) == ("complete", ""), name
        (folder,) = (recordings / name).iterdir()
        with (folder / f"{name}.frames.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        written = [row for row in rows if row["status"] == "written"]
        assert len(written) == summary["written"] and len(rows) - len(written) == summary["lost"]
        (bag,) = folder.glob("*.mcap")
        with bag.open("rb") as file:
            counts = Counter(channel.topic for _, channel, _ in make_reader(file, validate_crcs=True).iter_messages())
        assert counts == summary["bag"]["messages"] and counts[f"/{name}/tags"] >= 5
        if name == "front":
            assert counts["/front/image_raw"] == counts["/front/depth/image_rect_raw"] == len(written)
        else:
            with av.open(str(folder / "side_0000.mkv")) as video:
                assert len(list(video.decode(video=0))) == len(written)
