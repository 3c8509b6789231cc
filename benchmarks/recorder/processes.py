"""What processes cost, as the kernel counts it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["cpu_secs", "end", "own_bytes", "start"]

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_secs(process_id: int) -> float:
    """Return the processor time of a process and all its children, s."""
    total = 0.0
    for number in _tree(process_id):
        try:
            fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += (int(fields[11]) + int(fields[12])) / _TICKS
    return total


def own_bytes(process_id: int) -> int:
    """Return the memory that belongs to a process alone, without shared memory and files."""
    lines = dict(
        line.split(":", 1) for line in Path(f"/proc/{process_id}/status").read_text().splitlines() if ":" in line
    )
    return (int(lines["RssAnon"].split()[0])) * 1024


def start(
    *command: str | Path, domain: int, stdin: int | None = None, stdout: int | None = None
) -> subprocess.Popen[bytes]:
    """Start a process in the ROS domain of the benchmark."""
    environment = os.environ | {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    return subprocess.Popen(
        list(map(str, command)),
        env=environment,
        stdin=stdin,
        stdout=stdout or sys.stderr.fileno(),
        start_new_session=True,
    )


def end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Tell processes to end, and wait."""
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
    for process in processes:
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _tree(process_id: int) -> list[int]:
    found, waiting = [], [process_id]
    while waiting:
        number = waiting.pop()
        found.append(number)
        try:
            children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        waiting += map(int, children)
    return found
