"""Tests of airo_ros2.recording and of the video recorder of airo_ros2.multiprocess, with real files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from airo_ros2 import Camera, Recorder, RecordingError
from airo_ros2.multiprocess import MultiprocessVideoRecorder
from airo_ros2.testing import FakeCamera

PATIENCE_SECS = 30.0


def levels_of(video: Path) -> list[int]:
    """Return the mean level of each picture of a video."""
    capture = cv2.VideoCapture(str(video))
    levels = []
    while True:
        has_picture, picture = capture.read()
        if not has_picture:
            break
        levels.append(round(float(picture.mean())))
    capture.release()
    return levels


def read_frames(count: int) -> Any:
    """Let the camera publish so many frames."""
    with Camera("front", timeout=PATIENCE_SECS, newest=False) as camera:
        for frame, _ in zip(camera.stream(), range(count), strict=False):
            last = frame
    return last


def test_recording_beside_a_script(domain: int, tmp_path: Path) -> None:
    """While the block runs every frame is recorded, by another process; the summary tells what was."""
    with FakeCamera("front", size_wh=(320, 240), fps=30):
        with Recorder("front", directory=tmp_path, codec="ffv1") as recorder:
            assert recorder.is_recording and recorder.folder.parent == tmp_path
            read_frames(20)
        assert not recorder.is_recording
    summary = recorder.summary
    assert summary["written"] >= 15 and summary["lost"] == 0, summary
    (video,) = recorder.folder.glob("*.mkv")
    levels = levels_of(video)
    assert len(levels) == summary["written"]
    np.testing.assert_allclose(np.diff(levels), 1, atol=1)


def test_what_cannot_be_recorded_is_said(domain: int, tmp_path: Path) -> None:
    """A camera that does not run, a setting that does not exist and a wrong value are errors of start()."""
    with pytest.raises(RecordingError, match="of front could not begin: no frame of camera 'front'"):
        Recorder("front", directory=tmp_path, timeout=0.5).start()
    with FakeCamera("front"):
        with pytest.raises(RecordingError, match="format is 'avi': expected one of"):
            Recorder("front", directory=tmp_path, format="avi", timeout=PATIENCE_SECS).start()
        with pytest.raises(RecordingError, match="unexpected keyword argument 'colour'"):
            Recorder("front", directory=tmp_path, colour="blue", timeout=PATIENCE_SECS).start()
    with pytest.raises(RecordingError, match="call start\\(\\) first"):
        Recorder("front").stop()


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_video_as_the_toolkit_makes_it(domain: int, tmp_path: Path, suffix: str) -> None:
    """A video of the transformed images comes to lie at the path that was asked for, and nothing else beside it."""
    recorder = MultiprocessVideoRecorder(
        "front",
        tmp_path / f"video{suffix}",
        image_transform=lambda image: np.ascontiguousarray(image[:120].swapaxes(0, 1)),
    )
    with FakeCamera("front", size_wh=(320, 240), fps=30):
        recorder.start()
        assert recorder.is_alive()
        read_frames(15)
        recorder.stop()
        recorder.join()
    assert [path.name for path in tmp_path.iterdir()] == [f"video{suffix}"]
    capture = cv2.VideoCapture(str(tmp_path / f"video{suffix}"))
    assert (capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (120, 320)
    capture.release()
    assert len(levels_of(tmp_path / f"video{suffix}")) >= 10
