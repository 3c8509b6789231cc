"""One case of one subject: start its processes, let them work, collect what they report, end them whatever happens."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rclpy_loans.orphans import remove_orphans
from transport.cases import FLOOD, IDLE, IN_PLACE, SIZES, Case
from transport.protocol import Task
from transport.subjects.subject import SUBJECTS, Channel

__all__ = ["PREFIX", "MeasurementError", "measure", "remove_leftovers"]

CONNECT_SECS = 30.0  # from the start of the processes to the first frames in every reader
END_SECS = 10.0  # from the last word to the end of a process
SHARED_MEMORY = Path("/dev/shm")
PREFIX = "airo_bench_"  # of all names; the process id of the run follows
# Settings of the user that would change what is compared.
FOREIGN_VARIABLES = (
    "FASTRTPS_DEFAULT_PROFILES_FILE",
    "FASTDDS_DEFAULT_PROFILES_FILE",
    "RMW_FASTRTPS_USE_QOS_FROM_XML",
    "RMW_FASTRTPS_PUBLICATION_MODE",
    "FASTDDS_BUILTIN_TRANSPORTS",
    "ROS_AUTOMATIC_DISCOVERY_RANGE",
    "ROS_LOCALHOST_ONLY",
    "ROS_DISABLE_LOANED_MESSAGES",
    "CYCLONEDDS_URI",
)


class MeasurementError(Exception):
    """A process failed or did not answer; says which and what it wrote last."""


def measure(case: Case, subject_name: str, *, domain: int, name: str) -> dict[str, Any]:
    """Run a case and return its result, as it stands in the JSON document.

    Args:
        case: what is sent.
        subject_name: key of SUBJECTS.
        domain: ROS domain that is ours alone.
        name: unique on this machine; every file of the measurement carries it.
    """
    subject = SUBJECTS[subject_name]
    size = SIZES[case.size]
    reason = subject.missing(size.message)
    if case.way == IN_PLACE and not subject.is_in_place:
        reason = "cannot be written in place"
    elif case.way in (IDLE, FLOOD) and not subject.is_transport:
        reason = "has no readers"
    if reason is not None:
        return {"status": "n/a", "reason": reason}
    readers = case.readers if subject.is_transport else 0
    with tempfile.TemporaryDirectory(prefix="bench_") as folder:
        channel = Channel(
            name, folder, size.size_bytes, size.message, readers, domain, case.way == FLOOD, subject.variant
        )
        limit_secs = 5.0 + 4.0 * case.frames / (case.rate_hz or size.rate_hz)
        tasks = [
            Task(subject_name, channel, reader, case.way, case.frames, case.rate_hz, limit_secs)
            for reader in (None, *range(readers))
        ]
        processes: list[Participant] = []
        patience_secs = 0.0
        try:
            for task in tasks:
                processes.append(Participant(task, subject.environment()))
            writer, *others = _run(processes, limit_secs)
            patience_secs = END_SECS
            return {"status": "measured", **_result(case, writer, others)}
        except MeasurementError as error:
            return {"status": "failed", "reason": str(error)}
        finally:
            for process in processes:
                process.say("quit")
            for process in processes:
                process.end(patience_secs)
            _clean_up(name, [process.process_id for process in processes])


class Participant:
    """A process of a measurement."""

    def __init__(self, task: Task, environment: dict[str, str]) -> None:
        self.title = f"{task.subject} {'writer' if task.reader is None else f'reader {task.reader}'}"
        own = {name: value for name, value in os.environ.items() if name not in FOREIGN_VARIABLES}
        own |= environment | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])}
        self._errors = tempfile.TemporaryFile("w+")
        self._popen = subprocess.Popen(
            [sys.executable, "-m", "transport.participant", task.to_text()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=own,
        )
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def process_id(self) -> int:
        """Of the process."""
        return self._popen.pid

    def _listen(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            self._answers.put(json.loads(line))
        self._answers.put(None)

    def say(self, word: str) -> None:
        """Send a word; a process that has gone is noticed when its answer is missing."""
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(word + "\n")
            self._popen.stdin.flush()
        except BrokenPipeError:
            pass

    def expect(self, event: str, *, deadline: float) -> dict[str, Any]:
        """Wait for an event.

        Raises:
            MeasurementError: the process ended, or nothing came before the deadline (of time.monotonic()).
        """
        try:
            answer = self._answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise MeasurementError(f"{self.title} was not {event} in time{self._last_error()}") from None
        if answer is None or answer["event"] != event:
            raise MeasurementError(f"{self.title} ended before it was {event}{self._last_error()}")
        return answer

    def _last_error(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines()
        return f": {lines[-1][:200]}" if lines else ""

    def end(self, patience_secs: float) -> None:
        """Wait for the process to end by itself, then kill it."""
        try:
            self._popen.wait(patience_secs)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()
        self._thread.join()
        assert self._popen.stdin is not None and self._popen.stdout is not None
        for stream in (self._popen.stdin, self._popen.stdout, self._errors):
            try:
                stream.close()
            except BrokenPipeError:
                pass


def _run(processes: list[Participant], limit_secs: float) -> list[dict[str, Any]]:
    """Conduct a measurement and return the reports of all processes."""
    writer, *readers = processes
    deadline = time.monotonic() + CONNECT_SECS
    writer.expect("ready", deadline=deadline)
    for reader in readers:
        reader.expect("connected", deadline=deadline)
    writer.say("go")
    # One last frame may be on its way when the writer's time is over, and may take long.
    reports = [writer.expect("done", deadline=time.monotonic() + 2 * limit_secs)]
    for reader in readers:
        reader.say("finish")
    reports += [reader.expect("done", deadline=time.monotonic() + limit_secs) for reader in readers]
    return reports


def _result(case: Case, writer: dict[str, Any], readers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the figures of a measurement."""
    sent = writer["sent"]
    received = [reader["received"] for reader in readers] or [sent]  # without readers, writing is receiving
    latencies = [nanos for reader in readers for nanos in reader["latency_nanos"]] or (
        [] if readers else writer["publish_nanos"]
    )
    per_1000: Callable[[float], float | None] = lambda secs: secs / sent * 1000 if sent else None  # noqa: E731
    everyone = [writer, *readers]
    return {
        "sent": sent,
        "received": received,
        "lost": [sent - count for count in received],
        "torn": [reader["torn"] for reader in readers] or [0],
        "latency_us": _percentiles(latencies),
        "publish_us": _percentiles(writer["publish_nanos"]),
        "cpu_secs_per_1000": {
            "writer": per_1000(writer["cpu_secs"]),
            "fill": per_1000(writer["fill_secs"]),
            "readers": per_1000(sum(reader["cpu_secs"] for reader in readers)),
        },
        "cpu_percent": 100 * sum(report["cpu_secs"] / report["wall_secs"] for report in everyone),
        "fill_percent": 100 * writer["fill_secs"] / writer["wall_secs"],
        "gb_per_sec": _throughput(case, writer, readers),
    }


def _percentiles(nanos: list[int]) -> dict[str, float] | None:
    if not nanos:
        return None
    p50, p99 = np.percentile(nanos, (50, 99)) / 1000
    return {"p50": round(float(p50), 2), "p99": round(float(p99), 2)}


def _throughput(case: Case, writer: dict[str, Any], readers: list[dict[str, Any]]) -> float | None:
    """Return what reached the slowest reader whole, GB/s."""
    if not readers:
        busy_secs = sum(writer["publish_nanos"]) / 1e9
        return writer["sent"] * SIZES[case.size].size_bytes / busy_secs / 1e9 if busy_secs else None
    spans = [(reader["received"], reader["span_secs"]) for reader in readers]
    return min((count * SIZES[case.size].size_bytes / span / 1e9 if span > 0 else 0.0) for count, span in spans)


def remove_leftovers() -> None:
    """Remove the files of runs that were killed together with their processes."""
    for path in SHARED_MEMORY.glob(f"*{PREFIX}*"):
        owner = path.name.partition(PREFIX)[2].partition("_")[0]
        if owner.isdecimal() and not Path("/proc", owner).exists():
            path.unlink(missing_ok=True)


def _clean_up(name: str, process_ids: list[int]) -> None:
    """Remove what killed processes left."""
    remove_orphans()
    for path in SHARED_MEMORY.glob(f"*{name}*"):
        path.unlink(missing_ok=True)
