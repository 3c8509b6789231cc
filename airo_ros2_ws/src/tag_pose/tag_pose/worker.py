"""The threads that look for tags in the frames of one camera.

Each worker does everything for one frame: it takes the frame, searches it, and waits for its turn to find the poses and
publish, so that results leave in the order of the frames. A worker that is alone hands nothing to another thread.

    taking      one worker at a time: frame ─► gate ─► grey copy ─► still valid? ─► number in the order
    searching   all workers at once, each with its own detector; the library releases the interpreter lock
    publishing  one worker at a time, in order: poses ─► tracks ─► publish
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from airo_frames import EncodingError, Frame, FrameSubscription, FrameTimeoutError
from airo_frames.stamps import NANOS_PER_SEC
from tag_pose.exceptions import DetectorImageError, PoseInputError
from tag_pose.gray import to_gray
from tag_pose.pipeline import Pipeline
from tag_pose.search import SearchResult, TagSearch
from tag_pose.stream_statistics import TagStatistics
from tag_pose.tagged_frame import TaggedFrame

__all__ = ["Publish", "TagWorkers", "own_gray"]

_logger = logging.getLogger(__name__)
_TAKE_SECS = 0.2  # how soon a thread notices that it should end


class Publish(Protocol):
    """Takes a result."""

    def __call__(self, result: TaggedFrame, *, is_repeated: bool = False) -> None:
        """Publish it, perhaps once more."""


@dataclass(frozen=True, eq=False)
class _Job:
    """A frame that one worker works at."""

    number: int  # in the order of publishing
    frame: Frame
    gray: NDArray[np.uint8] | None  # our own copy; None for a frame that a camera in lockstep repeated
    pipeline: Pipeline
    begins_anew: bool  # it has nothing to do with the frames before


class TagWorkers:
    """Takes frames, finds their tags and hands on the results in order, until it is closed.

    Args:
        frames: read in shared memory.
        pipeline: one search for each worker to start.
        statistics: counts.
        publish: called with each result, by one thread at a time.
        finished: called when a thread ends, with the error that ended it or None.
    """

    def __init__(
        self,
        frames: FrameSubscription,
        pipeline: Pipeline,
        *,
        statistics: TagStatistics,
        publish: Publish,
        finished: Callable[[Exception | None], None],
    ) -> None:
        self._frames = frames
        # The next two are set by the executor, which never waits for a worker, and read once by the worker that takes.
        self._pipeline = pipeline
        self._begins_anew = False
        self._statistics = statistics
        self._publish = publish
        self._finished = finished
        self._taking = threading.Lock()  # guards the four below
        self._newest_taken: Frame | None = None
        self._last_admitted: Frame | None = None
        self._taken_jobs = 0
        self._frames_overwritten = 0  # of the subscription, that were counted
        self._turn = threading.Condition()  # guards the one below
        self._published_jobs = 0
        self._last_result: TaggedFrame | None = None  # of the worker whose turn it is
        self._last_complaint = ""
        self._is_stopping = threading.Event()
        self._has_failed = threading.Event()  # a worker ended by an error: those behind it wait for nothing
        self._is_on = threading.Event()
        self._is_on.set()
        self._threads = [
            threading.Thread(target=self._run, args=(index,), name=f"tags {index}", daemon=True)
            for index in range(len(pipeline.searches))
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def replace(self, pipeline: Pipeline) -> None:
        """Use another pipeline, with as many searches, from the next frame on."""
        self._pipeline = pipeline

    def switch(self, is_on: bool) -> None:
        """Begin or stop looking at frames; when it begins again, tags seen before are forgotten."""
        if not is_on:
            self._is_on.clear()
        elif not self._is_on.is_set():
            self._begins_anew = True
            self._is_on.set()

    @property
    def is_on(self) -> bool:
        """Whether frames are looked at."""
        return self._is_on.is_set()

    def close(self) -> None:
        """End the threads after the frames they are at, and free the detectors."""
        self._is_stopping.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self._frames.close()
        for search in self._pipeline.searches:
            search.close()

    def _run(self, index: int) -> None:
        search = self._pipeline.searches[index]
        try:
            while not self._is_stopping.is_set():
                if not self._is_on.wait(_TAKE_SECS):
                    continue
                job = self._take()
                if job is None:
                    continue
                if job.pipeline.searches[index] is not search:
                    search.close()
                    search = job.pipeline.searches[index]
                self._process(job, search)
        except Exception as error:  # an unforeseen error must end the node with its reason, not a silent thread
            self._has_failed.set()
            self._is_stopping.set()
            self._finished(error)
        else:
            self._finished(None)
        finally:
            search.close()

    def _take(self) -> _Job | None:
        """Return the next frame that is to be searched; None if none came in time, or it was left out."""
        with self._taking:
            if self._is_stopping.is_set() or not self._is_on.is_set():
                return None
            pipeline = self._pipeline
            begins_anew = self._begins_anew
            try:
                frame = self._frames.take(_TAKE_SECS, newest=pipeline.parameters.newest)
                gray = None
                if not _is_same(frame, self._last_admitted):
                    self._count_gap(frame, begins_anew=begins_anew)
                    if not pipeline.gate.admits(frame.sequence, frame.stamp_nanos):
                        self._statistics.add(skipped=1)
                        return None
                    gray = own_gray(frame)
                    if not frame.is_valid():
                        self._statistics.add(overwritten=1, dropped=1)
                        return None
            except FrameTimeoutError:
                return None
            except (EncodingError, DetectorImageError) as error:
                self._complain(str(error))
                self._statistics.add(unusable=1)
                return None
            self._last_admitted = frame
            self._taken_jobs += 1
            if begins_anew:
                self._begins_anew = False
                if pipeline.tracks is not None:
                    pipeline.tracks.forget()
            return _Job(self._taken_jobs, frame, gray, pipeline, begins_anew)

    def _count_gap(self, frame: Frame, *, begins_anew: bool) -> None:
        overwritten = self._frames.overwritten - self._frames_overwritten
        self._frames_overwritten += overwritten
        last, self._newest_taken = self._newest_taken, frame
        # A smaller number is a camera that was restarted.
        missing = 0 if last is None or begins_anew else frame.sequence - last.sequence - 1
        self._statistics.add(dropped=max(0, missing), overwritten=overwritten)

    def _process(self, job: _Job, search: TagSearch) -> None:
        start = time.perf_counter()
        found = None
        if job.gray is not None:
            found = search.find(job.gray, sequence=job.frame.sequence, intrinsics=job.frame.intrinsics)
        searching_time = time.perf_counter() - start
        if not self._wait_for_turn(job.number):
            return
        if found is None or job.gray is None:
            self._repeat()
        else:
            self._hand_on(job, job.gray, found, searching_time)
        with self._turn:
            self._published_jobs += 1
            self._turn.notify_all()

    def _wait_for_turn(self, number: int) -> bool:
        """Wait until all frames before were published; return False if a worker has failed meanwhile."""
        with self._turn:
            while self._published_jobs != number - 1:
                self._turn.wait(_TAKE_SECS)
                if self._has_failed.is_set():
                    return False
        return True

    def _hand_on(self, job: _Job, gray: NDArray[np.uint8], found: SearchResult, searching_time: float) -> None:
        start = time.perf_counter()
        frame, pipeline = job.frame, job.pipeline
        if job.begins_anew:
            pipeline.locator.forget()
        try:
            tags = pipeline.locator.locate(found.tags, intrinsics=frame.intrinsics)
            bundles = pipeline.locator.locate_bundles(tags, intrinsics=frame.intrinsics)
            tags = pipeline.locator.settle(tags, bundles)
        except PoseInputError as error:
            self._complain(str(error))
            self._statistics.add(unusable=1)
            return
        if pipeline.tracks is not None and found.plan is not None:
            pipeline.tracks.update(found.plan, found.tags, was_whole=found.was_whole)
        detector_time = searching_time + time.perf_counter() - start
        result = TaggedFrame(frame, tags, bundles, detector_time, gray, found.rejected, pipeline.table)
        self._publish(result)
        self._last_result = result
        self._statistics.add_frame(
            latency=(time.time_ns() - frame.stamp_nanos) / NANOS_PER_SEC,
            detector_time=detector_time,
            tags=len(tags),
            rejected=found.rejected,
            whole=int(found.was_whole),
            retries=found.retries,
            failures=found.failures,
        )
        if found.failures:
            self._complain("the detector failed at a part of a frame, which counts as empty; see /diagnostics")

    def _repeat(self) -> None:
        """Publish the last result again: in lockstep a camera repeats a frame whose result nobody acknowledged."""
        self._statistics.add(repeated=1)
        if self._last_result is not None:
            self._publish(self._last_result, is_repeated=True)

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


def _is_same(frame: Frame, other: Frame | None) -> bool:
    return other is not None and (frame.sequence, frame.stamp_nanos) == (other.sequence, other.stamp_nanos)
