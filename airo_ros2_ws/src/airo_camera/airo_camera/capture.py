"""The thread that reads a source and publishes its frames. It waits for nobody downstream, except in lockstep."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from airo_camera.backoff import Backoff
from airo_camera.exceptions import CameraError, SourceOpenError, SourceReadError
from airo_camera.frame_statistics import FrameStatistics
from airo_camera.sources.source import GrabbedImage, Source

__all__ = ["Acknowledgements", "Activity", "Capture", "FrameSink"]

_logger = logging.getLogger(__name__)
# Without an acknowledgement a frame is published again, later each time: its reader may have joined late, or be slow.
FIRST_REPEAT_SECS = 0.1
LAST_REPEAT_SECS = 2.0
GIVE_UP_AFTER_SECS = 30.0
MAX_UNREADABLE = 10  # images in a row, before a source is connected anew


class FrameSink(Protocol):
    """Where frames go."""

    def write(self, source: Source, grabbed: GrabbedImage, *, sequence: int) -> None:
        """Let the source write the grabbed image, and publish it."""


class Acknowledgements(Protocol):
    """What readers in lockstep have processed."""

    def wait_for(self, sequence: int, timeout: float) -> bool:
        """Return whether frame `sequence` was acknowledged within `timeout` s."""


@dataclass(frozen=True)
class Activity:
    """What the capture thread is at.

    Attributes:
        doing: connecting, reading, publishing, or waiting (for an acknowledgement, or before it connects again).
        since: s, monotonic.
    """

    doing: str
    since: float


class Capture:
    """Reads a source in a thread of its own until the source ends, fails or is closed.

    Args:
        source: opened and closed here.
        sink: where the frames go.
        finished: called once in the thread, with the error that ended it or None.
        frames: end after so many; 0 for never.
        acknowledgements: publish the next frame only when the last one was acknowledged; None for never waiting.
        reconnect: a source that is not there or gets lost is opened again, as often as it takes, after these waits;
            None for ending with the error. A source of files that has come to its end is at its end.
    """

    def __init__(
        self,
        source: Source,
        sink: FrameSink,
        *,
        finished: Callable[[Exception | None], None],
        frames: int = 0,
        acknowledgements: Acknowledgements | None = None,
        reconnect: Backoff | None = None,
    ) -> None:
        self.statistics = FrameStatistics()
        self.connections = 0  # how often the source was opened
        self.unreadable = 0  # images that could not be decoded and were left out
        self.trouble = ""  # why there is no connection now; empty if there is one
        self.activity = Activity("connecting", time.monotonic())  # replaced as a whole by the thread
        self._source = source
        self._sink = sink
        self._finished = finished
        self._frames = frames
        self._acknowledgements = acknowledgements
        self._reconnect = reconnect
        self._sequence = 0  # of the last frame
        self._unreadable_in_a_row = 0
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    def start(self) -> None:
        """Open the source in the thread and begin."""
        self._thread.start()

    def close(self, timeout: float = 2.0) -> None:
        """End the thread. A source that hangs in a read is left behind in its daemon thread after `timeout` s."""
        self._is_stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout)
            if self._thread.is_alive():
                _logger.warning("the source does not return from reading: it is abandoned")

    def _run(self) -> None:
        try:
            if self._reconnect is None:
                self._read_connected()
            else:
                self._keep_reading(self._reconnect)
        except Exception as error:  # whatever a backend raises must end the node with its reason, not a silent thread
            self._finished(error)
        else:
            self._finished(None)

    def _keep_reading(self, backoff: Backoff) -> None:
        failures = 0
        while not self._is_stopping.is_set():
            before = self._sequence
            try:
                self._read_connected()
                return
            except (SourceOpenError, SourceReadError) as error:
                failures = 1 if self._sequence > before else failures + 1
                self._complain(str(error), backoff.wait_after(failures))
            self._do("waiting")
            self._is_stopping.wait(backoff.wait_after(failures))

    def _complain(self, trouble: str, wait: float) -> None:
        """Say once why the connection is lost."""
        if trouble != self.trouble:
            _logger.warning("%s; trying again, first in %.1f s", trouble, wait)
        self.trouble = trouble

    def _read_connected(self) -> None:
        self._do("connecting")
        self.statistics.interrupt()
        with self._source:
            self.connections += 1
            self._read_all()

    def _read_all(self) -> None:
        while not self._is_stopping.is_set() and not (self._frames and self._sequence >= self._frames):
            self._do("reading")
            grabbed = self._source.grab()
            if grabbed is None or self._is_stopping.is_set():
                return
            self._do("publishing")
            if not self._publish(grabbed):
                continue
            if self._acknowledgements is not None:
                self._do("waiting")
                self._wait_until_processed(grabbed, self._sequence, self._acknowledgements)

    def _publish(self, grabbed: GrabbedImage) -> bool:
        """Publish an image; return whether it could be decoded."""
        try:
            self._sink.write(self._source, grabbed, sequence=self._sequence + 1)
        except SourceReadError:
            self.unreadable += 1
            self._unreadable_in_a_row += 1
            # One torn image of a stream is no reason to connect anew; nothing but garbage is.
            if self._reconnect is None or self._unreadable_in_a_row >= MAX_UNREADABLE:
                self._unreadable_in_a_row = 0
                raise
            return False
        self._unreadable_in_a_row = 0
        self._sequence += 1
        if self.trouble:
            _logger.warning("connected again")
            self.trouble = ""
        self.statistics.add(
            stamp_nanos=grabbed.stamp_nanos,
            published_nanos=time.time_ns(),
            size_wh=grabbed.size_wh,
            encoding=grabbed.encoding,
            fps=self._source.fps,
        )
        return True

    def _do(self, what: str) -> None:
        self.activity = Activity(what, time.monotonic())

    def _wait_until_processed(self, grabbed: GrabbedImage, sequence: int, acknowledgements: Acknowledgements) -> None:
        deadline = time.monotonic() + GIVE_UP_AFTER_SECS
        patience = FIRST_REPEAT_SECS
        while not acknowledgements.wait_for(sequence, patience):
            if self._is_stopping.is_set():
                return
            if time.monotonic() > deadline:
                raise CameraError(
                    f"nobody acknowledged frame {sequence} within {GIVE_UP_AFTER_SECS:g} s: in lockstep a reader must "
                    "publish the number of each frame it has processed on the topic processed; "
                    "without such a reader set lockstep to false"
                )
            patience = min(2 * patience, LAST_REPEAT_SECS)
            self._sink.write(self._source, grabbed, sequence=sequence)
