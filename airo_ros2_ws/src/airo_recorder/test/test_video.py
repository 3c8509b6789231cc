"""Videos, as PyAV decodes them: pixels, times and numbers are those of the frames."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from frames import INTRINSICS, PERIOD_NANOS, START_NANOS, frame, offer, picture, wait_for
from reading import pictures_of, rows_of, summary_of, times_of

from airo_recorder.exceptions import RecordingSettingsError, RecordingStateError
from airo_recorder.recording import Recording
from airo_recorder.settings import RecordingSettings

MakeRecorder = Callable[..., Any]
NUMBERS = range(1, 11)


@pytest.mark.parametrize("container", ["mkv", "mp4"])
@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "mono8", "16UC1"])
def test_ffv1_keeps_every_pixel(make_recorder: MakeRecorder, container: str, encoding: str) -> None:
    """A lossless video gives back what was recorded, bit by bit, also of odd sizes."""
    recorder = make_recorder(format=container, codec="ffv1")
    folder = recorder.start()
    offer(recorder, NUMBERS, encoding=encoding, size_wh=(63, 47))
    recorder.stop()
    found = pictures_of(folder / f"front_0000.{container}", encoding=encoding)
    assert len(found) == len(NUMBERS)
    for number, pixels in zip(NUMBERS, found, strict=True):
        np.testing.assert_array_equal(pixels, picture(number, encoding=encoding, size_wh=(63, 47)))


@pytest.mark.parametrize("size_wh", [(64, 48), (63, 47)])
@pytest.mark.parametrize("encoding", ["rgb8", "bgr8", "mono8"])
@pytest.mark.parametrize(
    ("codec", "container"), [("h264", "mkv"), ("h264", "mp4"), ("hevc", "mkv"), ("hevc", "mp4"), ("mjpeg", "mkv")]
)
def test_lossy_codecs_are_close(
    make_recorder: MakeRecorder, codec: str, container: str, encoding: str, size_wh: tuple[int, int]
) -> None:
    """Every picture is there, in order, and looks like its frame: colours are neither swapped nor stretched."""
    recorder = make_recorder(format=container, codec=codec, quality=10 if codec != "mjpeg" else 2)
    folder = recorder.start()
    offer(recorder, NUMBERS, encoding=encoding, size_wh=size_wh)
    recorder.stop()
    found = pictures_of(folder / f"front_0000.{container}", encoding=encoding)
    assert len(found) == len(NUMBERS)
    for number, pixels in zip(NUMBERS, found, strict=True):
        true = picture(number, encoding=encoding, size_wh=size_wh)
        inner = np.abs(pixels.astype(int) - true)[4:-4, 4:-4]
        assert np.median(inner) <= 4, number


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_presentation_times_are_times_of_acquisition(make_recorder: MakeRecorder, container: str) -> None:
    """Uneven times play as they were; Matroska rounds to milliseconds, the sidecar to nothing."""
    stamps = [START_NANOS + millis * 1_000_000 + 123 for millis in (0, 33, 67, 250, 251, 900, 2000)]
    recorder = make_recorder(format=container)
    folder = recorder.start()
    for number, stamp in enumerate(stamps, 1):
        assert recorder.cameras["front"].offer(frame(number, stamp=stamp))
    recorder.stop()
    expected = [(stamp - stamps[0]) / 1e9 for stamp in stamps]
    assert times_of(folder / f"front_0000.{container}") == pytest.approx(expected, abs=0.0006)
    rows = rows_of(folder)
    assert [int(row["stamp_ns"]) for row in rows] == stamps
    assert [int(row["index"]) for row in rows] == list(range(len(stamps)))


def test_a_constant_rate_fills_gaps(make_recorder: MakeRecorder) -> None:
    """At a constant rate the picture before stands for a missing one, and two frames for one place are one too many."""
    recorder = make_recorder(codec="ffv1", rate=10.0)
    folder = recorder.start()
    for number, millis in enumerate((0, 100, 420, 430, 500), 1):
        recorder.cameras["front"].offer(frame(number, stamp=START_NANOS + millis * 1_000_000))
    summary = recorder.stop()
    path = folder / "front_0000.mkv"
    assert times_of(path) == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    shown = [next(n for n in range(1, 6) if np.array_equal(p, picture(n))) for p in pictures_of(path)]
    assert shown == [1, 2, 2, 2, 3, 5]
    assert summary["cameras"]["front"]["lost_by_reason"] == {"faster than the constant rate of 10 Hz": 1}
    assert [row["index"] for row in rows_of(folder) if row["status"] == "written"] == ["0", "1", "4", "5"]


def test_every_frame_has_a_row(make_recorder: MakeRecorder) -> None:
    """Frames that never came are in the sidecar, and nothing else is missing from it."""
    recorder = make_recorder()
    folder = recorder.start()
    offer(recorder, range(1, 4))
    offer(recorder, range(7, 9))
    offer(recorder, range(8, 10))  # a camera in lockstep repeats a frame
    summary = recorder.stop()
    rows = sorted(rows_of(folder), key=lambda row: int(row["sequence"]))
    assert [int(row["sequence"]) for row in rows] == list(range(1, 10))
    assert [row["status"] for row in rows] == ["written"] * 3 + ["lost"] * 3 + ["written"] * 3
    assert {row["reason"] for row in rows if row["status"] == "lost"} == {"not received"}
    assert (summary["written"], summary["lost"]) == (6, 3) and summary == summary_of(folder)
    assert summary["cameras"]["front"]["lost_by_reason"] == {"not received": 3}
    assert summary["cameras"]["front"]["intrinsics"] == [
        {
            "camera_matrix": INTRINSICS.camera_matrix.tolist(),
            "distortion_model": "plumb_bob",
            "distortion": INTRINSICS.distortion.tolist(),
            "rectification": np.eye(3).tolist(),
            "projection": INTRINSICS.projection.tolist(),
        }
    ]


def test_a_frame_that_was_overwritten_is_lost(make_recorder: MakeRecorder) -> None:
    """Pixels whose slot was reused while they were read are not written."""

    class Overwritten:
        def is_valid(self) -> bool:
            return False

    recorder = make_recorder(codec="ffv1")
    folder = recorder.start()
    offer(recorder, range(1, 3))
    torn = frame(3)
    object.__setattr__(torn, "_sample", Overwritten())
    assert not recorder.cameras["front"].offer(torn)
    offer(recorder, range(4, 6))
    recorder.stop()
    assert len(pictures_of(folder / "front_0000.mkv")) == 4
    (lost,) = (row for row in rows_of(folder) if row["status"] == "lost")
    assert (lost["sequence"], lost["reason"]) == ("3", "overwritten while it was read")


def test_what_the_encoder_cannot_follow_is_counted(make_recorder: MakeRecorder) -> None:
    """A queue that is full loses frames at once, and each is in the books."""
    size_wh = (1280, 720)
    recorder = make_recorder(codec="hevc", preset="slow", queue_bytes=3 * 1280 * 720 * 3 // 2)
    folder = recorder.start()
    taken = [recorder.cameras["front"].offer(frame(number, size_wh=size_wh)) for number in range(1, 21)]
    summary = recorder.stop()
    assert 3 <= taken.count(True) < 20
    assert summary["written"] == taken.count(True) == len(times_of(folder / "front_0000.mkv"))
    assert summary["cameras"]["front"]["lost_by_reason"] == {
        "the encoder or the disk cannot follow": taken.count(False)
    }
    written = {int(row["sequence"]) for row in rows_of(folder) if row["status"] == "written"}
    assert written == {number for number, is_taken in enumerate(taken, 1) if is_taken}


def test_without_loss_the_reader_waits(make_recorder: MakeRecorder) -> None:
    """With no_loss the same queue loses nothing."""
    recorder = make_recorder(codec="ffv1", queue_bytes=3 * 640 * 480 * 3, no_loss=True)
    folder = recorder.start()
    offer(recorder, range(1, 31), size_wh=(640, 480))
    summary = recorder.stop()
    assert (summary["written"], summary["lost"]) == (30, 0)
    assert len(times_of(folder / "front_0000.mkv")) == 30


def test_another_resolution_begins_another_file(make_recorder: MakeRecorder) -> None:
    """A camera that comes back with other frames goes on in another file, and the summary says why."""
    recorder = make_recorder(codec="ffv1")
    folder = recorder.start()
    offer(recorder, range(1, 6))
    offer(recorder, range(1, 4), size_wh=(32, 24), encoding="bgr8")
    summary = recorder.stop()
    assert summary["cameras"]["front"]["videos"] == ["front_0000.mkv", "front_0001.mkv"]
    assert [p.shape for p in pictures_of(folder / "front_0000.mkv")] == [(48, 64, 3)] * 5
    for number, pixels in enumerate(pictures_of(folder / "front_0001.mkv", encoding="bgr8"), 1):
        np.testing.assert_array_equal(pixels, picture(number, encoding="bgr8", size_wh=(32, 24)))
    events = [event["event"] for event in summary["events"]]
    assert events == [
        "frame 1 follows 5: the camera was restarted",
        "frames changed from 64x48 rgb8 to 32x24 bgr8: another file begins",
    ]
    assert summary["lost"] == 0


def test_a_clock_that_steps_back(make_recorder: MakeRecorder) -> None:
    """The video plays on, the sidecar keeps what the camera said, the summary tells of the step."""
    recorder = make_recorder()
    folder = recorder.start()
    offer(recorder, range(1, 4))
    offer(recorder, range(4, 7), stamp=0)
    assert recorder.cameras["front"].offer(frame(7, stamp=START_NANOS - 3_600_000_000_000))
    assert recorder.cameras["front"].offer(frame(8, stamp=START_NANOS - 3_600_000_000_000 + PERIOD_NANOS))
    summary = recorder.stop()
    times = times_of(folder / "front_0000.mkv")
    assert len(times) == 8 and times == sorted(set(times)) and times[-1] < 10
    assert times[7] - times[6] == pytest.approx(PERIOD_NANOS / 1e9, abs=0.002)
    assert int(rows_of(folder)[6]["stamp_ns"]) == START_NANOS - 3_600_000_000_000
    (event,) = summary["events"]
    assert "clock stepped by -3600" in event["event"] and "frame 7" in event["event"]


def test_pause_resume_and_split(make_recorder: MakeRecorder) -> None:
    """Paused frames are not wanted and so not lost; a split loses nothing, and its file begins at zero."""
    recorder = make_recorder(codec="ffv1")
    folder = recorder.start()
    offer(recorder, range(1, 4))
    recorder.pause()
    assert recorder.progress().state == "paused"
    with pytest.raises(RecordingStateError, match="paused already"):
        recorder.pause()
    assert not recorder.cameras["front"].offer(frame(4))
    recorder.resume()
    offer(recorder, range(5, 7))
    recorder.split()
    offer(recorder, range(7, 9))
    summary = recorder.stop()
    assert (summary["written"], summary["lost"]) == (7, 0)
    first, second = folder / "front_0000.mkv", folder / "front_0001.mkv"
    assert times_of(first) == pytest.approx([n * 0.033333 for n in (0, 1, 2, 4, 5)], abs=0.001)
    assert times_of(second) == pytest.approx([0, 0.033], abs=0.001)
    np.testing.assert_array_equal(pictures_of(second)[0], picture(7))
    with pytest.raises(RecordingStateError, match="nothing is being recorded"):
        recorder.resume()


def test_files_are_split_by_size(make_recorder: MakeRecorder) -> None:
    """Each file but the last is as large as asked, and together they hold every frame."""
    recorder = make_recorder(codec="ffv1", split_bytes=100_000, no_loss=True)
    folder = recorder.start()
    offer(recorder, range(1, 41), size_wh=(160, 120))
    summary = recorder.stop()
    names = summary["cameras"]["front"]["videos"]
    assert len(names) > 2
    assert all((folder / name).stat().st_size >= 100_000 for name in names[:-1])
    assert sum(len(times_of(folder / name)) for name in names) == 40


def test_a_snapshot_is_what_happened_just_before(make_recorder: MakeRecorder) -> None:
    """The last seconds are written although nothing was recorded, and begin with a picture that can be decoded."""
    recorder = make_recorder(snapshot_secs=2.0)
    with pytest.raises(RecordingStateError, match="no frame has come yet"):
        recorder.snapshot()
    for number in range(1, 151):
        recorder.cameras["front"].offer(frame(number))
    folder = recorder.snapshot()
    assert folder.name.endswith("_snapshot") and recorder.progress().state == "stopped"
    sequences = [int(row["sequence"]) for row in rows_of(folder)]
    assert sequences == list(range(sequences[0], 151))
    assert 60 <= len(sequences) <= 95  # whole groups of a second, so that 2 to 3 s are kept
    found = pictures_of(folder / "front_0000.mkv")
    assert len(found) == len(sequences)
    assert np.median(np.abs(found[0].astype(int) - picture(sequences[0]))) <= 12
    started = recorder.start()  # and recording goes on from the same encoder
    offer(recorder, range(151, 156))
    assert recorder.stop()["written"] == 5
    assert len(pictures_of(started / "front_0000.mkv")) == 5


def test_the_state_is_known_while_it_goes_on(make_recorder: MakeRecorder) -> None:
    """Progress counts what is on the disk, before the end."""
    recorder = make_recorder(codec="ffv1")
    recorder.start()
    with pytest.raises(RecordingStateError, match="stop it first"):
        recorder.start()
    offer(recorder, range(1, 6))
    wait_for(lambda: recorder.progress().written >= 4, what="frames on the disk")
    progress = recorder.progress()
    assert progress.state == "recording" and progress.size_bytes > 0 and progress.free_bytes > 0


@pytest.mark.parametrize("is_stopped_at_once", [False, True])
def test_a_format_that_cannot_hold_the_frames(make_recorder: MakeRecorder, is_stopped_at_once: bool) -> None:
    """Depth in H.264 ends the recording with what to do instead, also where it is stopped at the same moment."""
    recorder = make_recorder()
    assert recorder.finish() == {}
    folder = recorder.start()
    assert not recorder.cameras["front"].offer(frame(1, encoding="16UC1"))
    if not is_stopped_at_once:
        wait_for(lambda: recorder.progress().state == "stopped", what="the end")
    summary = recorder.finish()
    assert "16UC1, which libx264 cannot hold: expected codec ffv1 or format mcap" in summary["reason"]
    assert summary == summary_of(folder) == recorder.finish()
    assert recorder.progress().reason == summary["reason"]


def test_it_is_not_stopped_before_its_books_are_closed(
    make_recorder: MakeRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for the end and then reads the summary finds the last one."""
    close = Recording.close
    states = []

    def observed(recording: Recording, *, reason: str = "") -> dict[str, Any]:
        states.append(recorder.progress().state)
        return close(recording, reason=reason)

    monkeypatch.setattr(Recording, "close", observed)
    recorder = make_recorder()
    for _ in range(2):
        recorder.start()
        offer(recorder, NUMBERS)
        recorder.stop()
        states.append(recorder.progress().state)
    assert states == ["recording", "stopped"] * 2


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"format": "avi"}, "format is 'avi': expected one of mkv, mp4, mcap"),
        ({"codec": "vp9"}, "codec is 'vp9'"),
        ({"preset": "warp"}, "preset is 'warp'"),
        ({"format": "mp4", "codec": "mjpeg"}, "mkv"),
        ({"name": "a/b"}, "without /"),
        ({"split_secs": -1.0}, "split_secs is -1.0: expected 0 or more"),
        ({"image": "tiff"}, "raw, jpeg, png"),
    ],
)
def test_settings_are_checked(settings: dict[str, Any], text: str) -> None:
    """A setting that cannot work says what was expected."""
    with pytest.raises(RecordingSettingsError, match=text):
        RecordingSettings(**settings)


def test_names_follow_the_clock(tmp_path: Any) -> None:
    """The pattern is filled in, and a folder that exists is never written to."""
    settings = RecordingSettings(directory=tmp_path, name="run_%Y")
    (tmp_path / f"run_{time.strftime('%Y')}").mkdir()
    assert settings.new_folder().name == f"run_{time.strftime('%Y')}_2"
