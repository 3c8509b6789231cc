"""What is handed out as valid is whole, and is the message that it is said to be."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from checked_reader import CheckedReader, Reading
from numbered import words_of

KINDS = pytest.mark.parametrize(
    "what",
    [
        "airo_camera_msgs/Image640x480",  # with a seqlock
        "geometry_msgs/PoseWithCovariance",  # without one, and small
        "640x480",  # a frame
    ],
)
Start = Callable[..., Any]


class Tally:
    """Counts what became of the messages, and is in less of a hurry every other time."""

    def __init__(self, reader: CheckedReader) -> None:
        self._reader = reader
        self.whole = self.overwritten = self.copies = self.refused = 0

    def look(self, reading: Reading) -> None:
        """Read a message quickly, or slowly until it is overwritten, or copy it."""
        if self.whole > 2 * self.overwritten:
            self._look_slowly(reading)
        elif self.whole > 2 * self.copies:
            self._copy(reading)
        elif reading.look() is None:
            self.overwritten += 1
        else:
            self.whole += 1

    def _look_slowly(self, reading: Reading) -> None:
        def dawdle() -> None:
            while reading.taken.is_valid():
                time.sleep(0)

        assert reading.look(between=dawdle) is None
        assert not self._reader.try_copy(reading)
        self.overwritten += 1

    def _copy(self, reading: Reading) -> None:
        if self._reader.try_copy(reading):
            self.copies += 1
            self.whole += 1
        else:
            self.refused += 1
            self.overwritten += 1


@KINDS
def test_valid_messages_are_whole(node: Any, start_writer: Start, effort: Any, tell: Any, what: str) -> None:
    """Under a writer at full speed, quick and slow reading and copying give a whole message, or say that it is not."""
    reader = CheckedReader(node, what, "topic", depth=2)
    start_writer(what, "--flood", "--depth", "2")
    tally = Tally(reader)
    for _ in effort.rounds(100, soak=None, share=0.07):
        wanted = tally.whole + 1
        while tally.whole < wanted or tally.overwritten < 20:
            reading = reader.take(10.0, newest=tally.whole % 4 != 0)
            if reading is not None:
                tally.look(reading)
    tell(f"{tally.whole} whole, {tally.copies} of them copied, {tally.overwritten} overwritten and reported, 0 lies")
    reader.close()


@KINDS
def test_copies_are_whole(node: Any, start_writer: Start, effort: Any, tell: Any, what: str) -> None:
    """take_copy() gives whole messages whose numbers grow."""
    reader = CheckedReader(node, what, "topic", depth=2)
    start_writer(what, "--flood", "--depth", "2")
    last = copies = 0
    for _ in effort.rounds(30, soak=None, share=0.02):
        while (found := reader.take_copy(10.0)) is None:
            pass
        assert found[1] > last
        last = found[1]
        copies += 1
    tell(f"{copies} whole copies of {last} messages, 0 lies")
    reader.close()


@KINDS
def test_the_first_message_is_the_one_it_is_said_to_be(
    node: Any, start_writer: Start, effort: Any, tell: Any, what: str
) -> None:
    """A subscription that starts in the midst of a flood is not told a lie about its first messages either."""
    start_writer(what, "--flood", "--depth", "1")
    overwritten = subscriptions = 0
    for _ in effort.rounds(5, soak=200, share=0.02):
        reader = CheckedReader(node, what, "topic", depth=1)
        while reader.step(10.0) is None:
            pass
        assert reader.held[-1].taken.is_zero_copy
        overwritten += reader.overwritten + reader.subscription.overwritten
        subscriptions += 1
        reader.close()
    tell(f"{subscriptions} subscriptions, {overwritten} messages overwritten before or while they were read, 0 lies")


def test_a_mixture_is_recognised() -> None:
    """The check itself finds a message of two halves, and tells numbers and writers apart."""
    import numpy as np
    from numbered import fill, identity

    one, other = np.zeros(64, np.uint64), np.zeros(64, np.uint64)
    fill(words_of(one), number=7, salt=3)
    fill(words_of(other), number=8, salt=3)
    assert identity(one) == (3, 7) and identity(other) == (3, 8)
    assert identity(np.concatenate((one[:32], other[32:]))) is None
    assert identity(one[::-1]) is None
