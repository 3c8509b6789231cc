"""The proof: two processes exchange frames, and tell whether they were copied."""

from __future__ import annotations

import json
import os
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airo_ros2.doctor.check import Check, ok, problem
from rclpy_loans.orphans import remove_orphans

__all__ = ["ProbeResult", "judge", "probe_checks"]

_NODE = "airo_ros2.doctor.probe_node"
_PATIENCE_SECS = 30.0  # a machine that is busy starts two processes slowly
_ENDING_SECS = 5.0
_POLL_SECS = 0.01
_LAST_DOMAIN = 101
_REMEDY = "repair what stands above with a problem or warning, and run the doctor again"


@dataclass(frozen=True)
class ProbeResult:
    """What came of an exchange of frames.

    Attributes:
        zero_copy: every frame was written and read in the same memory; None if none arrived.
        latencies_ms: from the stamp of each frame until its reader held it, ms, sorted.
        errors: what the processes wrote to stderr.
    """

    zero_copy: bool | None
    latencies_ms: tuple[float, ...]
    errors: tuple[str, ...]


def probe_checks(environment: Mapping[str, str]) -> Iterator[Check]:
    """Yield the check that two processes really share frames, in a ROS domain that nobody else on this machine uses.

    Args:
        environment: variables that the processes get.
    """
    yield judge(_exchange(dict(environment) | {"ROS_DOMAIN_ID": str(_unused_domain())}))


def judge(result: ProbeResult) -> Check:
    """Return the check of an exchange."""
    name = "probe"
    if result.zero_copy is None:
        reason = result.errors[-1] if result.errors else "no process said why"
        return problem(name, f"no frame arrived: {reason}", _REMEDY)
    median = result.latencies_ms[len(result.latencies_ms) // 2]
    count = len(result.latencies_ms)
    text = f"{count} {'frame' if count == 1 else 'frames'} of 640x480 from process to process, median {median:.2f} ms"
    if result.zero_copy:
        return ok(name, f"{text}, without a copy")
    reasons = [match[1] for line in result.errors if (match := re.search(r"copied, not shared: ([^;]*)", line))]
    reason = reasons[-1] if reasons else "nobody said why"
    return problem(name, f"{text}, but copied: {reason}", _REMEDY)


def _exchange(environment: dict[str, str]) -> ProbeResult:
    topic = f"/airo_ros2_doctor_{os.getpid()}/frame"
    writer, reader = (_start(role, topic, environment) for role in ("writer", "reader"))
    deadline = time.monotonic() + _PATIENCE_SECS
    try:
        while reader.poll() is None and writer.poll() is None and time.monotonic() < deadline:
            time.sleep(_POLL_SECS)
        # A writer that has failed leaves its reader nothing to wait for.
        read, reader_errors = _end(reader, _ENDING_SECS if reader.poll() is not None else 0)
        written, writer_errors = _end(writer, _ENDING_SECS)
    finally:
        _remove(writer, reader)
    errors = (*reader_errors, *writer_errors)  # a reader that waits in vain says less than the writer it waits for
    if read is None:
        return ProbeResult(None, (), errors)
    is_lent = written is None or bool(written["zero_copy"])
    return ProbeResult(is_lent and bool(read["zero_copy"]), tuple(read["latencies_ms"]), errors)


def _end(process: subprocess.Popen[str], patience: float) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """Let a process end, whose stdin this closes; return what it told, None if it failed, and its errors."""
    try:
        output, errors = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        process.kill()
        output, errors = process.communicate()
    lines = tuple(line for line in re.sub("\x1b\\[[0-9;]*m", "", errors).splitlines() if line.strip())
    return (json.loads(output.splitlines()[-1]) if process.returncode == 0 else None), lines


def _start(role: str, topic: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", _NODE, role, topic],
        env=environment,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _remove(*processes: subprocess.Popen[str]) -> None:
    """End what still runs, and remove what it leaves."""
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()
    if any(process.returncode != 0 for process in processes):
        remove_orphans()


def _unused_domain() -> int:
    """Return a ROS domain whose first participant has not been started on this machine."""
    domains = random.sample(range(1, _LAST_DOMAIN + 1), _LAST_DOMAIN)
    for domain in domains:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind(("", 7400 + 250 * domain + 10))  # unicast discovery port of participant 0 (DDSI-RTPS 9.6.1)
            except OSError:
                continue
        return domain
    return domains[0]
