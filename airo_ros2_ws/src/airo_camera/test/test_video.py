"""Tests of airo_camera.sources.video with files that OpenCV writes."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from source_reading import FakeTime, read_all, retrieved

from airo_camera.exceptions import SourceOpenError, SourceReadError
from airo_camera.sources.spec import make_source
from airo_camera.sources.video import VideoSource


def write_video(path: Path, *, count: int = 12, fps: float = 25.0, noise: bool = False) -> Path:
    """Write a video whose image k has the grey level 10 + 10 k."""
    rng = np.random.default_rng(0)
    codec = "MJPG" if path.suffix == ".avi" else "mp4v"
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), fps, (64, 48))
    assert writer.isOpened()
    for index in range(count):
        image = np.full((48, 64, 3), (10 + 10 * index) % 250, np.uint8)
        writer.write(rng.integers(0, 255, image.shape, dtype=np.uint8) if noise else image)
    writer.release()
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mkv"])
def test_every_image_comes_once(tmp_path: Path, fake_time: FakeTime, suffix: str) -> None:
    """All images come in order, as bgr8 at the size of the file."""
    source = VideoSource(write_video(tmp_path / f"video{suffix}"), pacer=fake_time.pacer())
    with source:
        images = read_all(source)
    assert [round(float(image.mean()), -1) for image in images] == [10 + 10 * index for index in range(12)]
    assert images[0].shape == (48, 64, 3)


def test_speed_is_that_of_the_file(tmp_path: Path, fake_time: FakeTime) -> None:
    """The waits are those of the timestamps in the file."""
    source = VideoSource(write_video(tmp_path / "video.mp4", fps=12.5), pacer=fake_time.pacer())
    with source:
        assert source.fps == pytest.approx(12.5) and not source.is_live
        read_all(source)
    assert fake_time.sleeps == pytest.approx([0.08] * 11)


def test_rate_takes_the_place_of_the_timestamps(tmp_path: Path, fake_time: FakeTime) -> None:
    """A rate makes the video faster or slower."""
    source = VideoSource(write_video(tmp_path / "video.mp4"), rate=100, pacer=fake_time.pacer())
    with source:
        assert source.fps == 100
        read_all(source)
    assert fake_time.sleeps == pytest.approx([0.01] * 11)


def test_loop_goes_on_at_the_same_speed(tmp_path: Path, fake_time: FakeTime) -> None:
    """The first image follows the last one after one period."""
    source = VideoSource(write_video(tmp_path / "video.mp4", count=4), loop=True, pacer=fake_time.pacer())
    with source:
        images = [retrieved(source, source.grab()) for _ in range(10)]
    assert [round(float(image.mean()), -1) for image in images] == [10, 20, 30, 40, 10, 20, 30, 40, 10, 20]
    assert fake_time.sleeps == pytest.approx([0.04] * 9)


def test_image_is_decoded_in_place(tmp_path: Path) -> None:
    """The array given is filled, and can be filled again with the same image."""
    with make_source(str(write_video(tmp_path / "video.mp4"))) as source:
        grabbed = source.grab()
        first, second = retrieved(source, grabbed), retrieved(source, grabbed)
    assert first.mean() == pytest.approx(10, abs=4)
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("suffix", [".avi", ".mkv"])
def test_cut_off_video_is_an_error_at_the_cut(tmp_path: Path, fake_time: FakeTime, suffix: str) -> None:
    """The images before the cut come; then an error says how many are missing."""
    path = write_video(tmp_path / f"video{suffix}", count=40, noise=True)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with VideoSource(path, pacer=fake_time.pacer()) as source:
        with pytest.raises(SourceReadError, match=r"ends after \d+ of 40 images"):
            read_all(source)


def test_video_that_cannot_be_opened_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A missing file, something else than a video and a file without its index are errors of open()."""
    junk, cut = tmp_path / "junk.mp4", write_video(tmp_path / "cut.mp4", noise=True)
    junk.write_bytes(b"no video" * 100)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    for path, words in ((tmp_path / "missing.mp4", "does not exist"), (junk, "not a video"), (cut, "cut off")):
        with pytest.raises(SourceOpenError, match=words) as caught:
            make_source(str(path)).open()
        assert str(path) in str(caught.value)
    assert "WARN" not in capfd.readouterr().err


def test_source_can_be_opened_again(tmp_path: Path, fake_time: FakeTime) -> None:
    """A closed video starts from its first image again."""
    source = VideoSource(write_video(tmp_path / "video.mp4"), pacer=fake_time.pacer())
    for _ in range(2):
        with source:
            assert len(read_all(source)) == 12
    with pytest.raises(SourceReadError, match="open"):
        source.grab()
