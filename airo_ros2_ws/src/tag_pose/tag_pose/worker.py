"""The thread that looks for tags in the newest frame."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from airo_frames import EncodingError, Frame, FrameSubscription, FrameTimeoutError
from tag_pose.exceptions import DetectorImageError, PoseInputError
from tag_pose.gray import to_gray
from tag_pose.outputs import TaggedFrame
from tag_pose.tagger import Tagger

__all__ = ["TagWorker"]

_logger = logging.getLogger(__name__)
_TAKE_SECS = 0.2  # how soon the thread notices that it should end


class TagWorker:
    """Takes the newest frame, finds its tags and hands on the result, until it is closed.

    Args:
        frames: read in shared memory.
        tagger: used by the thread alone; closed here.
        publish: called in the thread with each result.
        finished: called once in the thread, with the error that ended it or None.
    """

    def __init__(
        self,
        frames: FrameSubscription,
        tagger: Tagger,
        *,
        publish: Callable[[TaggedFrame], None],
        finished: Callable[[Exception | None], None],
    ) -> None:
        self.overwritten = 0  # frames that the camera reused before they were read
        self._frames = frames
        self._tagger = tagger
        self._publish = publish
        self._finished = finished
        self._last: TaggedFrame | None = None
        self._last_complaint = ""
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tags", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End the thread after the frame it is at, and free the detector."""
        self._is_stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._frames.close()
        self._tagger.close()

    def _run(self) -> None:
        try:
            while not self._is_stopping.is_set():
                self._process_next()
        except Exception as error:  # an unforeseen error must end the node with its reason, not a silent thread
            self._finished(error)
        else:
            self._finished(None)

    def _process_next(self) -> None:
        try:
            frame = self._frames.take(_TAKE_SECS)
            if self._last is None or not _is_repeated(frame, self._last.frame):
                result = self._tag(frame)
                if result is None:
                    return
                self._last = result
            # In lockstep a camera repeats a frame whose result nobody acknowledged: the result is repeated too.
            self._publish(self._last)
        except FrameTimeoutError:
            return
        except (EncodingError, DetectorImageError, PoseInputError) as error:
            self._complain(str(error))

    def _tag(self, frame: Frame) -> TaggedFrame | None:
        """Return the tags of a frame; None if it was overwritten before it was read."""
        start = time.perf_counter()
        gray = own_gray(frame)
        if not frame.is_valid():
            self.overwritten += 1
            return None
        tags = self._tagger.process(gray, intrinsics=frame.intrinsics)
        return TaggedFrame(frame, tags, time.perf_counter() - start)

    def _complain(self, text: str) -> None:
        """Say what is wrong with the stream, once as long as it is the same."""
        if text != self._last_complaint:
            self._last_complaint = text
            _logger.warning("no tags: %s", text)


def own_gray(frame: Frame) -> NDArray[np.uint8]:
    """Return the grey image of a frame in memory of our own.

    The conversion is the only time that pixels are read from shared memory, so that the camera may go on meanwhile.
    """
    gray = to_gray(frame.image, frame.encoding)
    return gray.copy() if gray is frame.image else gray


def _is_repeated(frame: Frame, last: Frame) -> bool:
    return (frame.sequence, frame.stamp_nanos) == (last.sequence, last.stamp_nanos)
