"""Readers that stop, die, come and go do not disturb the writer."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

IMAGE = "airo_camera_msgs/Image640x480"
GENEROUS_KILOBYTES = 64 * 1024  # a lost slot or sample per visitor would be far more in a soak
Start = Callable[..., Any]


class Report(NamedTuple):
    """What a writer tells."""

    number: int
    cost_us: int
    memory_kb: int


def report_of(writer: Any) -> Report:
    """Ask a writer for its last number, its median cost since the last report, and its memory."""
    writer.say("report")
    found = writer.expect(r"report number=(\d+) cost_us=(\d+) memory_kb=(\d+)")
    return Report(*map(int, found.groups()))


def wait_until_past(writer: Any, number: int) -> Report:
    """Wait until the writer has published more."""
    while (report := report_of(writer)).number < number:
        threading.Event().wait(0.02)
    return report


def meet(reader: Any, salt: int = 0) -> None:
    """Wait until a reader has read the writer's messages and holds some."""
    reader.say(f"await {salt}")
    reader.expect(f"met {salt} .* zero_copy=True")


def line(before: Report, during: Report, after: Report) -> str:
    """Return what these reports say."""
    return (
        f"publish {before.cost_us} us before, {during.cost_us} us during, {after.cost_us} us after; writer's memory "
        f"{(after.memory_kb - before.memory_kb) / 1024:+.1f} MB over {after.number - before.number} messages"
    )


def test_a_stopped_reader(start_writer: Start, start_reader: Start, effort: Any, tell: Any) -> None:
    """While a reader is stopped the writer and another reader go on; continued, it reads on."""
    writer = start_writer(IMAGE, "--flood")
    stopped, other = start_reader(IMAGE), start_reader(IMAGE)
    meet(stopped)
    meet(other)
    before = report_of(writer)
    os.kill(stopped.popen.pid, signal.SIGSTOP)
    try:
        threading.Event().wait(10.0 if effort.is_soak else 1.0)
        other.say(f"number {before.number + 200}")
        other.expect("met")
        during = wait_until_past(writer, before.number + 200)
    finally:
        os.kill(stopped.popen.pid, signal.SIGCONT)
    stopped.say(f"number {during.number}")
    stopped.expect("met")
    after = wait_until_past(writer, during.number + 200)
    assert after.memory_kb - before.memory_kb < GENEROUS_KILOBYTES
    tell(line(before, during, after))


def test_readers_killed_with_samples(start_writer: Start, start_reader: Start, effort: Any, tell: Any) -> None:
    """Readers that are killed while they hold views cost the writer neither slots nor memory."""
    writer = start_writer(IMAGE, "--flood")
    witness = start_reader(IMAGE)
    meet(witness)
    before = during = report_of(writer)
    kills = 0
    for _ in effort.rounds(3, soak=100, share=0.1):
        reader = start_reader(IMAGE)
        meet(reader)
        reader.kill_group()
        kills += 1
        during = wait_until_past(writer, during.number + 100)
    after = wait_until_past(writer, during.number + 100)
    meet(witness)
    assert after.memory_kb - before.memory_kb < GENEROUS_KILOBYTES
    tell(f"{kills} readers killed; {line(before, during, after)}")


@pytest.mark.parametrize("options", [(), ("--reliable",)], ids=["best_effort", "reliable"])
@pytest.mark.parametrize("what", [IMAGE, "geometry_msgs/PoseWithCovariance"])
def test_subscribers_come_and_go(
    start_writer: Start, start_reader: Start, effort: Any, tell: Any, what: str, options: tuple[str, ...]
) -> None:
    """Each of many late subscribers gets a message and leaves; the writer can always borrow, without growing."""
    writer = start_writer(what, "--flood", *options)
    reader = start_reader(what, *options)
    meet(reader)
    before = report_of(writer)
    visits = 0
    for _ in effort.rounds(3, soak=50, share=0.05):
        reader.say("visit 4" if not effort.is_soak else "visit 10")
        visits += int(reader.expect(r"visited (\d+)")[1])
    during = report_of(writer)
    after = wait_until_past(writer, during.number + 100)
    meet(reader)
    assert after.memory_kb - before.memory_kb < GENEROUS_KILOBYTES
    anew = len(re.findall("making the publisher anew", "\n".join(writer.errors)))
    tell(f"{visits} came and went, {anew} times the publisher was made anew; {line(before, during, after)}")
