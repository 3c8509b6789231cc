"""What the process of a served camera tells the one that started it: one JSON object per line of a pipe."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import IO

__all__ = ["Event", "EventWriter", "read_events"]

READY = "ready"
FAILED = "failed"
ENDED = "ended"


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes:
        kind: ready: the first frame is published; failed: it cannot start, or go on; ended: the source has come to its
            end.
        text: of the error.
        traceback_text: of the error.
    """

    kind: str
    text: str = ""
    traceback_text: str = ""


class EventWriter:
    """Writes to the pipe; a reader that has gone is not an error."""

    def __init__(self, descriptor: int) -> None:
        os.set_inheritable(descriptor, False)
        self._descriptor = descriptor

    def write(self, event: Event) -> None:
        """Tell an event."""
        try:
            os.write(self._descriptor, (json.dumps(asdict(event)) + "\n").encode())
        except BrokenPipeError:
            pass  # the lifeline tells the same, and ends the process

    def write_error(self, error: BaseException) -> None:
        """Tell that an error ends it."""
        lines = traceback.format_exception(type(error), error, error.__traceback__)
        # A pipe takes up to 4096 bytes whole; the end of a traceback is what matters.
        self.write(Event(FAILED, str(error)[:1000] or type(error).__name__, "".join(lines)[-2000:]))


def read_events(stream: IO[bytes]) -> Iterator[Event]:
    """Yield the events until the process has ended."""
    for line in stream:
        yield Event(**json.loads(line))
