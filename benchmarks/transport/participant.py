"""A writing or a reading process: `python -m transport.participant TASK`."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from transport.cases import FLOOD, IDLE, IN_PLACE
from transport.frame import WARM_UP, Bytes, fill, last_byte, read_header, stamp
from transport.protocol import Control, Task
from transport.subjects.subject import SUBJECTS, Reader, Writer

__all__ = ["main"]

WARM_UP_SECS = 0.02  # between two frames before the measurement
WARM_UP_FRAMES = 8  # that a reader wants before it counts as connected: each slot was used at least once
SETTLE_SECS = 0.2  # for what is still on its way after the warm-up
TIMEOUT_SECS = 0.1  # of one wait of a reader
QUIET_SECS = 0.6  # without frames: what has not come by then is lost


def main() -> None:
    """Do the task, then stay until the run says quit: others may still need our end of the transport."""
    control = Control()
    task = Task.from_text(sys.argv[1])
    subject = SUBJECTS[task.subject]
    if task.reader is None:
        writer = subject.make_writer(task.channel)
        control.say("done", **write(writer, task, control))
    else:
        reader = subject.make_reader(task.channel, task.reader)
        control.say("done", **read(reader, task, control))
    while not control.is_told("quit", timeout=60.0):
        pass
    (writer if task.reader is None else reader).close()


@dataclass(frozen=True)
class Usage:
    """Processor and wall time of this process since a moment."""

    cpu_secs: float
    nanos: int

    @classmethod
    def now(cls) -> Usage:
        """Return what was used until now."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        return cls(used.ru_utime + used.ru_stime, time.monotonic_ns())

    def until_now(self) -> dict[str, float]:
        """Return what was used since then."""
        now = Usage.now()
        return {"cpu_secs": now.cpu_secs - self.cpu_secs, "wall_secs": (now.nanos - self.nanos) / 1e9}


def write(writer: Writer, task: Task, control: Control) -> dict[str, Any]:
    """Send the frames of a task and return what it cost."""
    camera = Camera(writer, task)
    control.say("ready")
    while not control.is_told("go", timeout=WARM_UP_SECS):
        camera.send(WARM_UP)
    time.sleep(SETTLE_SECS)
    camera.forget_costs()
    usage = Usage.now()
    sent = 0
    if task.way == IDLE:
        time.sleep(task.frames / (task.rate_hz or 1.0))
    else:
        start = time.monotonic()
        while sent < task.frames and time.monotonic() - start < task.limit_secs:
            if task.rate_hz is not None:
                time.sleep(max(0.0, start + sent / task.rate_hz - time.monotonic()))
            sent += 1
            camera.send(sent)
    used = usage.until_now()
    return {"sent": sent, "publish_nanos": camera.publish_nanos, "fill_secs": camera.fill_nanos / 1e9, **used}


class Camera:
    """Makes frames and hands them to the transport, and measures what the handing over costs its thread."""

    def __init__(self, writer: Writer, task: Task) -> None:
        self._writer = writer
        self._send = self._send_in_place if task.way == IN_PLACE else self._send_copy
        self._frame: Bytes = np.zeros(task.channel.size_bytes, np.uint8)
        self.forget_costs()

    def forget_costs(self) -> None:
        """Start measuring."""
        self.publish_nanos: list[int] = []  # of each frame, in order
        self.fill_nanos = 0  # processor time of making the pixels, which no transport can save

    def send(self, number: int) -> None:
        """Make a frame and hand it over."""
        self.publish_nanos.append(self._send(number))

    def _send_in_place(self, number: int) -> int:
        before = time.monotonic_ns()
        frame = self._writer.loan()
        loaned = time.monotonic_ns()
        self._fill(frame, number)
        complete = stamp(frame, number)
        self._writer.publish()
        return time.monotonic_ns() - complete + loaned - before

    def _send_copy(self, number: int) -> int:
        self._fill(self._frame, number)
        complete = stamp(self._frame, number)
        self._writer.send(self._frame)
        return time.monotonic_ns() - complete

    def _fill(self, frame: Bytes, number: int) -> None:
        before = time.thread_time_ns()
        fill(frame, number)
        self.fill_nanos += time.thread_time_ns() - before


def read(reader: Reader, task: Task, control: Control) -> dict[str, Any]:
    """Receive the frames of a task and return what came of them."""
    consumer = Consumer(task)
    last_word = time.monotonic()
    is_finishing = False
    is_connected = False
    while not consumer.has_last:
        if reader.receive(TIMEOUT_SECS, consumer.look):
            last_word = time.monotonic()
            if not is_connected and consumer.warm_ups >= WARM_UP_FRAMES:
                is_connected = True
                control.say("connected")
            continue
        if not is_finishing and control.is_told("finish", timeout=0.0):
            is_finishing, last_word = True, time.monotonic()
        if is_finishing and time.monotonic() - last_word > QUIET_SECS:
            break
    return consumer.report()


class Consumer:
    """Looks at each frame the moment it can be read."""

    def __init__(self, task: Task) -> None:
        self._frames = task.frames
        self._is_flood = task.way == FLOOD
        self._own: Bytes = np.zeros(task.channel.size_bytes, np.uint8)
        self._usage = Usage.now()
        self._latency_nanos: list[int] = []
        self._numbers: set[int] = set()
        self._torn = 0
        self._first_nanos = self._last_nanos = 0
        self.warm_ups = 0
        self.has_last = False

    def look(self, frame: Bytes) -> None:
        """Take the time when the frame's first bytes were read, then check that all of it is there."""
        header = read_header(frame)
        now = time.monotonic_ns()
        if header.number == WARM_UP:
            self.warm_ups += 1
            self._usage = Usage.now()
            return
        if self._is_flood:
            self._own[:] = frame
            frame = self._own
        # A frame that is written again meanwhile gets its new value from the front, and its number last.
        is_whole = frame[-1] == last_byte(header.number) and read_header(frame) == header
        self.has_last = header.number == self._frames
        if not is_whole:
            self._torn += 1
        elif header.number not in self._numbers:
            self._numbers.add(header.number)
            self._latency_nanos.append(now - header.complete_nanos)
            self._first_nanos = self._first_nanos or header.complete_nanos
            self._last_nanos = time.monotonic_ns()

    def report(self) -> dict[str, Any]:
        """Return what was seen."""
        return {
            "received": len(self._numbers),
            "torn": self._torn,
            "latency_nanos": self._latency_nanos,
            "span_secs": (self._last_nanos - self._first_nanos) / 1e9,
            **self._usage.until_now(),
        }


if __name__ == "__main__":
    main()
