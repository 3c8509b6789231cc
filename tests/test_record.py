"""Recording and replay end to end: the command, cameras and tag_pose in processes of their own."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from airo_camera_msgs.msg import TagDetections
from mcap.reader import make_reader

from airo_camera.calibration import Calibration, write_calibration
from airo_camera.exceptions import SourceOpenError, SourceReadError
from airo_camera.sources.pacing import Pacer
from airo_camera.sources.recording import RecordingOptions, RecordingSource
from airo_camera.sources.spec import make_source
from airo_frames.stamps import NANOS_PER_SEC
from airo_ros2.bringup.results import FrameResult
from rclpy_loans import message_dtype

Start = Callable[..., Any]
CLI = ("-m", "airo_ros2.cli")
COUNT = 8


def camera(start: Start, **parameters: Any) -> Any:
    """Start a camera node named front."""
    given = [text for name, value in parameters.items() for text in ("-p", f"{name}:={value}")]
    return start("-m", "airo_camera.node", "--ros-args", "-r", "__ns:=/front", *given)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Give a folder of images of tags, with their calibration beside it."""
    folder = tmp_path / "images"
    folder.mkdir()
    with make_source("sim:?tags=3&width=640&height=480&fps=1000") as source:
        for number in range(COUNT):
            grabbed = source.grab()
            assert grabbed is not None and grabbed.intrinsics is not None
            out = np.empty((480, 640, 3), np.uint8)
            source.retrieve(out)
            cv2.imwrite(str(folder / f"{number}.png"), out)
        write_calibration(tmp_path / "front.yaml", Calibration(grabbed.intrinsics, (640, 480), "front"))
    return folder


def lossless_recording(start: Start, images: Path, *options: str) -> tuple[Path, dict[str, Any]]:
    """Record every image of a folder through a camera in lockstep, and return the recording and what it says."""
    record = start(
        *CLI, "record", "--camera", "front", "--no-loss", "--json", "--output", images.parent / "rec", *options
    )
    running = camera(start, source=images, lockstep="true", rate="1000.0", calibration=images.parent / "front.yaml")
    assert running.wait() == 0, running.errors
    assert record.wait() == 0, record.errors
    (line,) = record.output
    said = json.loads(line)
    return Path(said["folder"]), said


@pytest.mark.parametrize(
    "options", [("--codec", "ffv1"), ("--format", "mcap"), ("--format", "mcap", "--image", "png")], ids=" ".join
)
def test_a_replay_is_the_recording(start: Start, images: Path, options: tuple[str, ...]) -> None:
    """Every image comes back bit by bit, with its stamp and its intrinsics, and tag_pose finds the same each time."""
    folder, said = lossless_recording(start, images, *options)
    assert (said["written"], said["lost"]) == (COUNT, 0)
    stamps = []
    with make_source(f"recording:{folder}?speed=0") as source:
        assert not source.is_live
        out = np.empty((480, 640, 3), np.uint8)
        for number in range(COUNT):
            grabbed = source.grab()
            assert grabbed is not None and grabbed.encoding == "bgr8" and grabbed.intrinsics is not None
            source.retrieve(out)
            np.testing.assert_array_equal(out, cv2.imread(str(images / f"{number}.png")))
            stamps.append(grabbed.stamp_nanos)
            expected = said["cameras"]["front"]["intrinsics"][0]["camera_matrix"]
            np.testing.assert_array_equal(grabbed.intrinsics.camera_matrix, expected)
        assert source.grab() is None
    assert stamps == sorted(set(stamps))
    original = detections(start, images, "--calibration", images.parent / "front.yaml")
    rounds = 2 if "ffv1" in options else 1
    replays = [detections(start, f"recording:{folder}?speed=0") for _ in range(rounds)]
    assert [result["stamp"] for result in replays[0]] == [stamp / NANOS_PER_SEC for stamp in stamps]
    for results in replays:
        assert [r["detections"] for r in results] == [r["detections"] for r in original]
    assert sum(len(result["detections"]) for result in original) >= 2 * COUNT


def detections(start: Start, source: object, *options: object) -> list[dict[str, Any]]:
    """Return what bringup prints of every frame of a source."""
    bringup = start(*CLI, "bringup", "--json", "--source", source, *options)
    assert bringup.wait() == 0, bringup.errors
    return [json.loads(line) for line in bringup.output]


def test_replayed_tags_are_those_that_were_recorded(start: Start, images: Path, tmp_path: Path) -> None:
    """While tag_pose runs, its detections are recorded; over the recording it finds exactly them again.

    But for the covariances, in which is the noise that tag_pose had learned before the recording began.
    """
    record = start(*CLI, "record", "--codec", "ffv1", "--json", "--output", tmp_path / "rec")
    options = ("--loop", "--frames", "30", "--rate", "10", "--calibration", tmp_path / "front.yaml")
    bringup = start(*CLI, "bringup", "--json", "--source", images, *options)
    assert bringup.wait() == 0, bringup.errors
    record.popen.send_signal(signal.SIGINT)
    assert record.wait() == 0, record.errors
    folder = Path(json.loads(record.output[0])["folder"])
    (bag,) = folder.glob("*.mcap")
    with bag.open("rb") as file:
        found = [message.data for _, _, message in make_reader(file).iter_messages(["/camera/tags"])]
    records = [np.frombuffer(data[4:], message_dtype(TagDetections))[0] for data in found]
    recorded = {json.loads(line)["stamp"]: json.loads(line) for line in map(json_of, records)}
    replayed = detections(start, f"recording:{folder}?speed=0")
    # What came at the very end may have been recorded without its result.
    pairs = [(result, recorded[result["stamp"]]) for result in replayed if result["stamp"] in recorded]
    assert len(pairs) >= 15
    for result, true in pairs:
        assert without_covariance(result["detections"]) == without_covariance(true["detections"])
        assert len(result["detections"]) >= 2


def without_covariance(detections: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return detections as they are in the JSON, without what depends on frames before."""
    return [{key: value for key, value in one.items() if key != "covariance"} for one in detections]


def json_of(record: Any) -> str:
    """Return the line that bringup prints of a TagDetections record."""
    return FrameResult.from_message("camera", record).as_json()


def test_a_replay_keeps_the_pace(start: Start, images: Path) -> None:
    """Real time, faster, at a rate and for ever: the schedule is that of the recorded stamps."""
    folder, said = lossless_recording(start, images, "--codec", "ffv1")
    times = [0.0]

    def pacer() -> Pacer:
        return Pacer(clock=lambda: times[-1], sleep=lambda secs: times.append(times[-1] + secs))

    options = RecordingOptions(camera="front", speed=2.0)
    with RecordingSource(folder, options=options, pacer=pacer()) as source:
        stamps = [grabbed.stamp_nanos for grabbed in iter(source.grab, None)]
    assert times[-1] == pytest.approx((stamps[-1] - stamps[0]) / 2e9)
    times[:] = [0.0]
    with RecordingSource(folder, rate=4.0, loop=True, pacer=pacer()) as source:
        looped = [source.grab() for _ in range(2 * COUNT)]
    assert times[-1] == pytest.approx((2 * COUNT - 1) / 4)
    assert [grabbed.stamp_nanos for grabbed in looped if grabbed] == stamps * 2


def test_what_cannot_be_replayed_says_so(start: Start, images: Path, tmp_path: Path) -> None:
    """No recording, another camera, missing files and cut files are named."""
    folder, _ = lossless_recording(start, images, "--format", "mcap")
    for spec, text in (
        (f"recording:{tmp_path / 'nothing'}", "expected the folder of a recording"),
        (f"recording:{folder}?camera=side", "no camera 'side': expected one of front"),
    ):
        with pytest.raises(SourceOpenError, match=text):
            make_source(spec).open()
    (bag,) = folder.glob("*.mcap")
    whole = bag.read_bytes()
    os.truncate(bag, len(whole) * 2 // 3)
    with (
        make_source(f"recording:{folder}?speed=0") as source,
        pytest.raises(SourceReadError, match="airo-ros2 recover"),
    ):
        source.grab()
    recover = start(*CLI, "recover", folder)
    assert recover.wait() == 0 and "repaired" in recover.output[0]
    with make_source(f"recording:{folder}?speed=0") as source:
        with pytest.raises(SourceReadError, match="it was cut off"):
            while source.grab() is not None:
                pass
    bag.unlink()
    with make_source(f"recording:{folder}") as source, pytest.raises(SourceReadError, match="is missing"):
        source.grab()


def test_recording_until_ctrl_c(start: Start, tmp_path: Path) -> None:
    """The command tells how it goes, and Ctrl-C ends a file that plays."""
    running = camera(start, source="'sim:?width=640&height=480&fps=30'")
    record = start(*CLI, "record", "--camera", "front", "--output", tmp_path)
    folder = Path(record.expect("recording to (.*); end it with Ctrl-C")[1])
    record.expect(r"recording +\d+\.\d s +[1-9]\d* frames +\d+ lost +\d+\.\d MB +\d+\.\d GB left on the disk")
    record.popen.send_signal(signal.SIGINT)
    assert record.wait() == 0 and record.errors == []
    assert record.output[-1].startswith(f"{folder}: ")
    with av.open(str(folder / "front_0000.mkv")) as container:
        assert len(list(container.decode(video=0))) > 3
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["state"], summary["reason"]) == ("complete", "")
    running.popen.send_signal(signal.SIGINT)
    assert running.wait() == 0


def test_a_duration(start: Start, tmp_path: Path) -> None:
    """With a duration it ends by itself, and --json is one object."""
    camera(start, source="'sim:?width=320&height=240&fps=30'")
    record = start(*CLI, "record", "--camera", "front", "--output", tmp_path, "--duration", "1", "--json")
    assert record.wait() == 0, record.errors
    (line,) = record.output
    said = json.loads(line)
    assert said["written"] > 3 and 1.0 <= said["duration_secs"]


def test_a_camera_that_does_not_run_is_one_line(start: Start, ros_domain: int, tmp_path: Path) -> None:
    """The topic, the wait and the domain are named, and nothing is left."""
    record = start(*CLI, "record", "--camera", "front", "--output", tmp_path)
    assert record.wait() == 1
    (line,) = record.complaints
    assert "no frame came on /front/frame within 5 s" in line and f"({ros_domain})" in line
    assert not any(tmp_path.iterdir())


def test_mistakes_are_one_line(start: Start, tmp_path: Path) -> None:
    """Settings that do not suit, and files that cannot be repaired."""
    for arguments, text in (
        (("record", "--codec", "vp9"), "codec is 'vp9'"),
        (("record", "--transform", "rotate"), "cannot understand the transform"),
    ):
        process = start(*CLI, *arguments)
        assert process.wait() == 2
        assert len(process.complaints) == 1 and text in process.complaints[0]
    recover = start(*CLI, "recover", tmp_path)
    assert recover.wait() == 1 and "has no MCAP file" in recover.errors[0]
