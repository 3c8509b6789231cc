"""Tests of airo_camera.capture with scripted sources and readers."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from airo_camera import capture as capture_module
from airo_camera.capture import Capture
from airo_camera.exceptions import CameraError, SourceReadError
from airo_camera.sources.source import GrabbedImage, Source


class ScriptedSource(Source):
    """Grabs a number of small images, then ends or fails."""

    def __init__(self, count: int, *, error: Exception | None = None) -> None:
        self.count, self.error = count, error
        self.calls: list[str] = []

    def open(self) -> None:
        """Note it."""
        self.calls.append("open")

    def grab(self) -> GrabbedImage | None:
        """Return the next image, whose stamp is its number."""
        self.calls.append("grab")
        if self.calls.count("grab") > self.count:
            if self.error is not None:
                raise self.error
            return None
        return GrabbedImage(self.calls.count("grab"), (4, 3), "mono8")

    def retrieve(self, out: NDArray[Any]) -> None:
        """Fill the image."""
        out[...] = self.calls.count("grab")

    def close(self) -> None:
        """Note it."""
        self.calls.append("close")


class Sink:
    """Keeps the number and the first pixel of each frame."""

    def __init__(self) -> None:
        self.written: list[tuple[int, int]] = []

    def write(self, source: Source, grabbed: GrabbedImage, *, sequence: int) -> None:
        """Let the source write."""
        image = np.zeros((3, 4), np.uint8)
        source.retrieve(image)
        self.written.append((sequence, int(image[0, 0])))


class Reader:
    """Acknowledges a frame only after it was published `times` times."""

    def __init__(self, sink: Sink, times: int) -> None:
        self.sink, self.times = sink, times

    def wait_for(self, sequence: int, timeout: float) -> bool:
        """Tell whether the frame was published often enough."""
        return [number for number, _ in self.sink.written].count(sequence) >= self.times


def run(source: Source, sink: Any, **options: Any) -> Exception | None:
    """Run a capture to its end and return the error that ended it."""
    ended = threading.Event()
    errors: list[Exception | None] = []

    def finished(error: Exception | None) -> None:
        errors.append(error)
        ended.set()

    capture = Capture(source, sink, finished=finished, **options)
    capture.start()
    assert ended.wait(30.0)
    capture.close()
    assert len(errors) == 1
    return errors[0]


def test_all_images_until_the_source_ends() -> None:
    """Frames are numbered from 1, and the source is opened and closed once."""
    source, sink = ScriptedSource(3), Sink()
    assert run(source, sink) is None
    assert sink.written == [(1, 1), (2, 2), (3, 3)]
    assert (source.calls[0], source.calls[-1]) == ("open", "close")


def test_frames_limits_them() -> None:
    """With a limit the source is not asked for more."""
    source, sink = ScriptedSource(10), Sink()
    assert run(source, sink, frames=2) is None
    assert len(sink.written) == source.calls.count("grab") == 2


@pytest.mark.parametrize("error", [SourceReadError("damaged"), RuntimeError("a bug of a backend")])
def test_an_error_of_the_source_ends_it(error: Exception) -> None:
    """Whatever a source raises reaches the caller, after the frames before it, and the source is closed."""
    source, sink = ScriptedSource(1, error=error), Sink()
    assert run(source, sink) is error
    assert sink.written == [(1, 1)] and source.calls[-1] == "close"


def test_lockstep_repeats_a_frame_until_it_is_acknowledged() -> None:
    """A frame that nobody acknowledges is published again under its number, then the next one comes."""
    source, sink = ScriptedSource(2), Sink()
    assert run(source, sink, acknowledgements=Reader(sink, times=3)) is None
    assert sink.written == [(1, 1)] * 3 + [(2, 2)] * 3


def test_lockstep_without_a_reader_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """When nobody ever acknowledges, the error says what is missing."""
    monkeypatch.setattr(capture_module, "GIVE_UP_AFTER_SECS", 0.0)
    error = run(ScriptedSource(2), Sink(), acknowledgements=Reader(Sink(), times=1))
    assert isinstance(error, CameraError)
    assert "nobody acknowledged frame 1" in str(error)


def test_close_abandons_a_source_that_hangs(caplog: pytest.LogCaptureFixture) -> None:
    """A read that never returns does not keep the node from ending."""

    class HangingSource(ScriptedSource):
        reading, released = threading.Event(), threading.Event()

        def grab(self) -> GrabbedImage | None:
            self.reading.set()
            self.released.wait(60.0)
            return None

    source = HangingSource(0)
    capture = Capture(source, Sink(), finished=lambda error: None)
    capture.start()
    assert source.reading.wait(30.0)
    capture.close(timeout=0.05)
    assert "does not return from reading" in caplog.text
    source.released.set()
