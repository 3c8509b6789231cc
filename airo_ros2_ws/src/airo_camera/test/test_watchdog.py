"""Sources that hang."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from numpy.typing import NDArray

from airo_camera.capture import Activity, Capture
from airo_camera.exceptions import SourceStalledError
from airo_camera.sources.source import GrabbedImage, Source
from airo_camera.watchdog import Watchdog

Start = Callable[..., Any]


class HangingSource(Source):
    """A live source of 10 images per second that never delivers one."""

    is_live = True
    fps = 10.0

    def __init__(self) -> None:
        self.is_reading, self.let_go = threading.Event(), threading.Event()

    def open(self) -> None:
        """Connect."""

    def grab(self) -> GrabbedImage | None:
        """Hang."""
        self.is_reading.set()
        self.let_go.wait(60.0)
        return None

    def retrieve(self, out: NDArray[Any]) -> None:
        """Never happens."""

    def close(self) -> None:
        """Disconnect."""


class Sink:
    """Gets nothing."""

    def write(self, source: Source, grabbed: GrabbedImage, *, sequence: int) -> None:
        """Never happens."""


@pytest.fixture
def hanging() -> Iterator[tuple[Capture, HangingSource]]:
    """A capture whose source hangs."""
    source = HangingSource()
    capture = Capture(source, Sink(), finished=lambda error: None)
    capture.start()
    assert source.is_reading.wait(60.0)
    yield capture, source
    source.let_go.set()
    capture.close()


def test_a_read_that_hangs(hanging: tuple[Capture, HangingSource]) -> None:
    """After so many periods, and no sooner, the error says what hangs and for how long."""
    capture, source = hanging
    watchdog = Watchdog(capture, source, periods=30, name="camera 7")
    since = capture.activity.since
    watchdog.check(since + 2.9)
    with pytest.raises(SourceStalledError, match=r"camera 7 hangs: .* reading for 3\.1 s, expected at most 3\.0 s"):
        watchdog.check(since + 3.1)


def test_what_may_take_long(hanging: tuple[Capture, HangingSource]) -> None:
    """Waiting is no hanging, connecting may take half a minute, and files have no pace that counts."""
    capture, source = hanging
    watchdog = Watchdog(capture, source, periods=1, name="camera")
    capture.activity = Activity("waiting", 0.0)
    watchdog.check(1e6)
    capture.activity = Activity("connecting", 0.0)
    watchdog.check(29.0)
    with pytest.raises(SourceStalledError, match="connecting for 31"):
        watchdog.check(31.0)
    capture.activity = Activity("reading", 0.0)
    source.is_live = False
    watchdog.check(1e6)
