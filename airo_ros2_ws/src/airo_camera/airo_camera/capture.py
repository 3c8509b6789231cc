"""The thread that reads a source and publishes its frames. It waits for nobody downstream, except in lockstep."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

from airo_camera.exceptions import CameraError
from airo_camera.sources.source import GrabbedImage, Source

__all__ = ["Acknowledgements", "Capture", "FrameSink"]

_logger = logging.getLogger(__name__)
# Without an acknowledgement a frame is published again, later each time: its reader may have joined late, or be slow.
FIRST_REPEAT_SECS = 0.1
LAST_REPEAT_SECS = 2.0
GIVE_UP_AFTER_SECS = 30.0


class FrameSink(Protocol):
    """Where frames go."""

    def write(self, source: Source, grabbed: GrabbedImage, *, sequence: int) -> None:
        """Let the source write the grabbed image, and publish it."""


class Acknowledgements(Protocol):
    """What readers in lockstep have processed."""

    def wait_for(self, sequence: int, timeout: float) -> bool:
        """Return whether frame `sequence` was acknowledged within `timeout` s."""


class Capture:
    """Reads a source in a thread of its own until the source ends, fails or is closed.

    Args:
        source: opened and closed here.
        sink: where the frames go.
        finished: called once in the thread, with the error that ended it or None.
        frames: end after so many; 0 for never.
        acknowledgements: publish the next frame only when the last one was acknowledged; None for never waiting.
    """

    def __init__(
        self,
        source: Source,
        sink: FrameSink,
        *,
        finished: Callable[[Exception | None], None],
        frames: int = 0,
        acknowledgements: Acknowledgements | None = None,
    ) -> None:
        self._source = source
        self._sink = sink
        self._finished = finished
        self._frames = frames
        self._acknowledgements = acknowledgements
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
            with self._source:
                self._read_all()
        except Exception as error:  # whatever a backend raises must end the node with its reason, not a silent thread
            self._finished(error)
        else:
            self._finished(None)

    def _read_all(self) -> None:
        sequence = 0
        while not self._is_stopping.is_set() and not (self._frames and sequence >= self._frames):
            grabbed = self._source.grab()
            if grabbed is None or self._is_stopping.is_set():
                return
            sequence += 1
            self._sink.write(self._source, grabbed, sequence=sequence)
            if self._acknowledgements is not None:
                self._wait_until_processed(grabbed, sequence, self._acknowledgements)

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
