"""A reader that looks at every word of what it takes, holds views, and finds out whether it is ever told a lie."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numbered import identity, words_of
from numpy.typing import NDArray

from airo_frames import Frame, FrameOverwrittenError, FrameSubscription, FrameTimeoutError
from rclpy_loans import LoanSubscription, Sample, SampleOverwrittenError, TakeTimeoutError, loan_qos

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["CheckedReader", "LieError", "Reading", "is_size", "message_class"]


class LieError(AssertionError):
    """Something was handed out as valid that is not the message it is said to be."""


def is_size(what: str) -> bool:
    """Return whether `what` is the size of a frame such as 640x480; otherwise it is a type, geometry_msgs/Pose."""
    return re.fullmatch(r"\d+x\d+", what) is not None


def message_class(what: str) -> type:
    """Return the class of a type such as geometry_msgs/Pose."""
    package, name = what.split("/")
    found: type = getattr(import_module(f"{package}.msg"), name)
    return found


@dataclass(frozen=True, eq=False)
class Reading:
    """One message that was taken.

    Attributes:
        words: its content; a view when the message is one.
        number: what the message is said to be.
        publisher: tells publishers apart; empty for frames.
        taken: the Sample or Frame.
    """

    words: NDArray[np.uint64]
    number: int
    publisher: bytes
    taken: Sample | Frame

    def look(self, *, between: Callable[[], object] = lambda: None) -> int | None:
        """Read everything and return the writer's salt; None if it was overwritten and says so.

        Args:
            between: is called between the halves.

        Raises:
            LieError: it is said to be valid, and is not what was written.
        """
        half = self.words.size // 2
        first = self.words[:half].copy()
        between()
        return self.judge(np.concatenate((first, self.words[half:])), is_valid=self.taken.is_valid())

    def judge(self, words: NDArray[np.uint64], *, is_valid: bool) -> int | None:
        """Return the salt of what was read, None if it is not valid.

        Raises:
            LieError: it is valid, and not what was written.
        """
        if not is_valid:
            return None
        found = identity(words)
        if found is None:
            raise LieError(f"a torn message was valid: number {self.number}")
        salt, number = found
        if number != self.number:
            raise LieError(f"message {number} of writer {salt} was valid as number {self.number}")
        return salt


class CheckedReader:
    """Takes messages of one topic, checks each, and holds the last ones.

    Attributes:
        whole: messages that were whole.
        overwritten: views that were overwritten while they were read or held, and said so.
    """

    def __init__(self, node: Node, what: str, topic: str, *, depth: int = 4, is_reliable: bool = False) -> None:
        qos = loan_qos(depth, reliable=is_reliable)
        self.subscription: LoanSubscription | FrameSubscription
        if is_size(what):
            self.subscription = FrameSubscription(node, topic, qos=qos)
        else:
            self.subscription = LoanSubscription(node, message_class(what), topic, qos=qos)
        self.whole = 0
        self.overwritten = 0
        self.held: deque[Reading] = deque(maxlen=8)

    def take(self, timeout: float, *, newest: bool = True) -> Reading | None:
        """Wait for a message; None if none came."""
        try:
            return _reading(self.subscription.take(timeout, newest=newest))
        except (TakeTimeoutError, FrameTimeoutError):
            return None

    def take_copy(self, timeout: float) -> tuple[int, int] | None:
        """Wait for a whole copy and return (salt, number) of its content; None if none came.

        Raises:
            LieError: the copy is not whole.
        """
        try:
            copied = self.subscription.take_copy(timeout)
        except (TakeTimeoutError, FrameTimeoutError):
            return None
        data, has_sequence = (copied.image, False) if isinstance(copied, Frame) else (copied, _has_sequence(copied))
        found = identity(words_of(data, has_sequence=has_sequence))
        if found is None:
            raise LieError("take_copy() returned a torn message")
        if isinstance(copied, Frame) and copied.sequence != found[1]:
            raise LieError(f"take_copy() returned frame {found[1]} as frame {copied.sequence}")
        self.whole += 1
        return found

    def step(self, timeout: float) -> tuple[int, int] | None:
        """Look at the next message and again at all that are held.

        Returns:
            (salt, number) of the message; None if none came or it was overwritten.

        Raises:
            LieError: see Reading.
        """
        for old in [old for old in self.held if old.look() is None]:
            self.overwritten += 1
            self.held.remove(old)
        reading = self.take(timeout)
        if reading is None:
            return None
        salt = reading.look()
        if salt is None:
            self.overwritten += 1
            return None
        self.whole += 1
        self.held.append(reading)
        return salt, reading.number

    def try_copy(self, reading: Reading) -> bool:
        """Copy a message; False if it says that it was overwritten.

        Raises:
            LieError: the copy is not whole.
        """
        try:
            copied = reading.taken.copy()
        except (SampleOverwrittenError, FrameOverwrittenError):
            return False
        data = copied.image if isinstance(copied, Frame) else copied
        reading.judge(words_of(data, has_sequence=_has_sequence(data)), is_valid=True)
        return True

    def close(self) -> None:
        """Stop receiving."""
        self.subscription.close()


def _reading(taken: Any) -> Reading:
    if isinstance(taken, Frame):
        return Reading(words_of(taken.image), taken.sequence, b"", taken)
    words = words_of(taken.data, has_sequence=_has_sequence(taken.data))
    return Reading(words, taken.info.publication_number, taken.info.publisher_gid, taken)


def _has_sequence(data: NDArray[Any]) -> bool:
    return "sequence_tail" in (data.dtype.names or ())
