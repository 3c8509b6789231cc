"""Writers and readers that start in any order, come in numbers, or do not fit together."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from checked_reader import CheckedReader, Reading
from geometry_msgs.msg import Pose

from airo_frames import FrameSubscription
from rclpy_loans import LoanSubscription, TakeTimeoutError

IMAGE = "airo_camera_msgs/Image640x480"
POSE = "geometry_msgs/PoseWithCovariance"
NOBODY = 65534
SHARING = ("RMW_FASTRTPS_USE_QOS_FROM_XML", "FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE")
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can start a process of another user")
Start = Callable[..., Any]


def read_both(reader: CheckedReader, salts: set[int], count: int) -> dict[int, list[Reading]]:
    """Read until `count` whole messages of each writer were seen, and return them."""
    seen: dict[int, list[Reading]] = {salt: [] for salt in salts}
    while min(map(len, seen.values())) < count:
        reading = reader.take(10.0, newest=False)
        salt = None if reading is None else reading.look()
        if reading is not None and salt in seen:
            seen[salt].append(reading)
    return seen


@pytest.mark.parametrize("what", [IMAGE, POSE])
def test_two_writers_on_one_topic(node: Any, start_writer: Start, what: str) -> None:
    """Both are received and told apart, views of both stay right, and one goes on when the other has ended."""
    reader = CheckedReader(node, what, "topic", depth=8)
    writers = {salt: start_writer(what, "--salt", str(salt), "--flood", "--depth", "8") for salt in (1, 2)}
    seen = read_both(reader, {1, 2}, 20)
    publishers = {salt: {reading.publisher for reading in readings} for salt, readings in seen.items()}
    assert len(publishers[1]) == len(publishers[2]) == 1 and publishers[1] != publishers[2]
    for readings in seen.values():
        numbers = [reading.number for reading in readings]
        assert numbers == sorted(set(numbers))
    for writer in writers.values():
        writer.say("pause")
    kept = last = None
    while kept is None or kept.number != last:  # of the flood may still be on the way
        writers[1].say("publish 1")
        last = int(writers[1].expect(r"published (\d+)")[1])
        kept = reader.take(0.2)
    writers[1].say("quit")
    assert writers[1].wait() == 0, writers[1].errors
    writers[2].say("flood")
    read_both(reader, {2}, 20)
    assert kept.look() == 1
    reader.close()


@pytest.mark.parametrize("ending", ["quit", "kill"])
def test_a_restarted_writer_with_another_resolution(node: Any, start_writer: Start, tell: Any, ending: str) -> None:
    """A FrameSubscription follows a camera that comes back with larger frames, and one with smaller ones."""
    reader = CheckedReader(node, "640x480", "topic")
    for salt, size in enumerate(("640x480", "1280x720", "320x240"), 1):
        writer = start_writer(size, "--salt", str(salt), "--flood")
        started = time.monotonic()
        while (seen := reader.step(1.0)) is None or seen[0] != salt:
            pass
        tell(f"frames of {size} after {time.monotonic() - started:.2f} s")
        assert "x".join(map(str, reader.held[-1].taken.size_wh)) == size
        writer.kill_group() if ending == "kill" else writer.say("quit")
        writer.wait()
    reader.close()


def test_silent_writers_of_other_resolutions(node: Any, start_writer: Start) -> None:
    """Among cameras of three sizes on one topic, a FrameSubscription finds the one that sends, whichever it is."""
    sizes = ("640x480", "1280x720", "1920x1080")  # of a message class each
    writers = [start_writer(size, "--salt", str(salt)) for salt, size in enumerate(sizes)]
    reader = CheckedReader(node, "640x480", "topic")
    for salt in (0, 1, 2, 0):  # the first again: the reader must not go back and forth between the other two
        writers[salt].say("flood")
        while (seen := reader.step(1.0)) is None or seen[0] != salt:
            pass
        writers[salt].say("pause")
    reader.close()


def test_a_reader_that_is_first(start_writer: Start, start_reader: Start) -> None:
    """A reader that waits gets the messages of a writer that starts later."""
    reader = start_reader(IMAGE)
    reader.say("await 5")
    start_writer(IMAGE, "--salt", "5", "--flood")
    reader.expect("met 5 .*zero_copy=True")


def test_a_wrong_type_says_so(node: Any, start_writer: Start) -> None:
    """A reader of another type gets nothing, and is told what is published there."""
    start_writer(IMAGE, "--flood")
    right = CheckedReader(node, IMAGE, "topic")
    while right.step(10.0) is None:
        pass
    right.close()
    wrong = LoanSubscription(node, Pose, "topic")
    with pytest.raises(TakeTimeoutError, match="what is published there is airo_camera_msgs/msg/Image640x480"):
        wrong.take(0.2)
    wrong.close()


@pytest.mark.skipif(
    not any(Path(sys.prefix).glob("share/ament_index/resource_index/*/rmw_cyclonedds_cpp")),
    reason="rmw_cyclonedds_cpp is not installed",
)
@pytest.mark.parametrize("side", ["writer", "reader"])
def test_another_middleware_is_copied(start_writer: Start, start_reader: Start, side: str) -> None:
    """With another middleware on one side the same calls work, with a copy."""
    other = {"env": os.environ | {"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"}}
    reader = start_reader(POSE, **(other if side == "reader" else {}))
    reader.say("number 1")
    start_writer(POSE, "--flood", **(other if side == "writer" else {}))
    reader.expect("met 1 .*zero_copy=False")


@pytest.mark.parametrize("side", ["writer", "reader"])
def test_sharing_switched_off_on_one_side(
    monkeypatch: pytest.MonkeyPatch, start_writer: Start, start_reader: Start, side: str
) -> None:
    """Where one side does not share, messages are copied, and the reader knows."""
    for variable in SHARING:
        monkeypatch.delenv(variable, raising=False)
    reader = start_reader(POSE, *(["--unshared"] if side == "reader" else []))
    reader.say("number 1")
    start_writer(POSE, "--flood", *(["--unshared"] if side == "writer" else []))
    reader.expect("met 1 .*zero_copy=False")


@needs_root
@pytest.mark.parametrize("side", ["writer", "reader"])
def test_another_user(start_writer: Start, start_reader: Start, tell: Any, side: str) -> None:
    """Between users messages are copied, or the reader is told that the writer belongs to somebody else."""
    reader = start_reader(POSE, *(["--user", str(NOBODY)] if side == "reader" else []))
    writer = start_writer(POSE, "--flood", *(["--user", str(NOBODY)] if side == "writer" else []))
    answer = "nobody publishes"  # not connected yet
    while "nobody publishes" in answer:
        reader.say("take")
        answer = reader.expect("(?:took|nothing).*")[0]
    tell(answer)
    assert re.search(rf"took zero_copy=False|runs as user {0 if side == 'reader' else NOBODY} and this process", answer)
    for process in (reader, writer):
        process.say("quit")
        assert process.wait() == 0, process.errors


def test_a_reader_that_joins_late(node: Any, start_writer: Start) -> None:
    """A FrameSubscription that starts after many frames reads the next ones."""
    writer = start_writer("640x480", "--flood")
    number = 0
    while number < 200:
        writer.say("report")
        number = int(writer.expect(r"number=(\d+)")[1])
    subscription = FrameSubscription(node, "topic")
    assert subscription.take(60.0).sequence >= 200
    subscription.close()
