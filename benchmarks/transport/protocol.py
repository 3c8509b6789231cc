"""How the run talks with its processes: one JSON object per line."""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
from dataclasses import asdict, dataclass
from typing import Any

from transport.subjects.subject import Channel

__all__ = ["Control", "Task"]

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Task:
    """What one process has to do.

    Attributes:
        subject: key of SUBJECTS.
        channel: where it meets the others.
        reader: its number among the readers; None for the writer.
        way: key of WAYS.
        frames: to be sent.
        rate_hz: frames per second; None for as fast as possible.
        limit_secs: stop sending after that time.
    """

    subject: str
    channel: Channel
    reader: int | None
    way: str
    frames: int
    rate_hz: float | None
    limit_secs: float

    def to_text(self) -> str:
        """Return one line that from_text() understands."""
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> Task:
        """Return the task that a line describes."""
        fields = json.loads(text)
        return cls(**{**fields, "channel": Channel(**fields["channel"])})


class Control:
    """A process's line to the run. Whatever libraries print on stdout goes to stderr instead."""

    def __init__(self) -> None:
        # Nothing may outlive a run, even one that is killed.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        self._answers = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        self._words: set[str] = set()

    def say(self, event: str, **values: Any) -> None:
        """Tell the run something."""
        self._answers.write(json.dumps({"event": event, **values}) + "\n")
        self._answers.flush()

    def is_told(self, word: str, *, timeout: float) -> bool:
        """Wait at most `timeout` s for a word from the run, and tell if it has come; exits if the run has gone."""
        if word not in self._words and select.select([0], [], [], timeout)[0]:
            told = os.read(0, 4096)
            if not told:
                sys.exit(1)
            self._words.update(told.decode().split())
        return word in self._words
