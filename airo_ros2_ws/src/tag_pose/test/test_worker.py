"""The threads of the tag_pose node, behind a real camera node."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from airo_frames import FrameSubscription
from tag_pose.parameters import TagPoseParameters
from tag_pose.pipeline import Pipeline
from tag_pose.stream_statistics import TagStatistics
from tag_pose.tagged_frame import TaggedFrame
from tag_pose.worker import TagWorkers

Start = Callable[..., Any]
WAIT_SECS = 60.0


@pytest.fixture
def frames(start: Start, node: Any) -> FrameSubscription:
    """Give the subscription of a camera's frames, which the workers close."""
    arguments = ("--ros-args", "-r", "__ns:=/camera", "-p", "source:='sim:?tags=2&width=320&height=240&fps=60'")
    start("-m", "airo_camera.node", *arguments)
    return FrameSubscription(node, "/camera/frame")


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_in_one_worker_ends_all(frames: FrameSubscription, workers: int) -> None:
    """What a worker did not foresee is told once, and those that wait for their turn behind it end too."""
    told: list[Exception | None] = []
    has_ended = threading.Event()
    published: list[int] = []

    def publish(result: TaggedFrame, *, is_repeated: bool = False) -> None:
        published.append(result.frame.sequence)
        if len(published) == 5:
            raise RuntimeError("the disk is full")

    def finished(error: Exception | None) -> None:
        told.append(error)
        if len(told) == workers:
            has_ended.set()

    pipeline = Pipeline.make(TagPoseParameters(workers=workers))
    running = TagWorkers(frames, pipeline, statistics=TagStatistics(), publish=publish, finished=finished)
    running.start()
    assert has_ended.wait(WAIT_SECS)
    running.close()
    errors = [error for error in told if error is not None]
    assert [str(error) for error in errors] == ["the disk is full"]
    assert len(published) == 5 and published == sorted(published)
    assert all(search._detector.closed for search in pipeline.searches)


def test_a_replaced_pipeline_is_used_and_the_old_one_freed(frames: FrameSubscription) -> None:
    """Workers meet new settings at their next frame, keep what has not changed, and close their old detectors."""
    old = Pipeline.make(TagPoseParameters(workers=2))
    new = Pipeline.make(TagPoseParameters(workers=2, decimate=2.0), previous=old)
    assert new.locator is old.locator and new.gate is old.gate
    kept = Pipeline.make(TagPoseParameters(workers=2, max_rate=50.0), previous=old)
    assert kept.searches is old.searches and kept.gate is not old.gate
    results: list[TaggedFrame] = []
    has_many = threading.Event()

    def publish(result: TaggedFrame, *, is_repeated: bool = False) -> None:
        results.append(result)
        if len(results) == 5:
            workers.replace(new)
        if len(results) == 40:
            has_many.set()

    statistics = TagStatistics()
    workers = TagWorkers(frames, old, statistics=statistics, publish=publish, finished=lambda error: None)
    workers.start()
    assert has_many.wait(WAIT_SECS)
    workers.close()
    assert all(search._detector.closed for search in (*old.searches, *new.searches))
    assert [len(result.tags) for result in results] == [2] * len(results)
    counts = statistics.report().counts
    assert counts.processed == len(results) and counts.tags == 2 * len(results)
