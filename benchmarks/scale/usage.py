"""What processes take of the machine, read from /proc twice."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Usage", "busy_seconds", "look"]

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """One process at one time.

    Attributes:
        cpu_secs: of a core, since it was started.
        rss_bytes: resident, with shared pages counted in full.
        pss_bytes: resident, with shared pages divided by those who share them.
    """

    cpu_secs: float
    rss_bytes: int
    pss_bytes: int


def look(process_id: int) -> Usage:
    """Return what a process takes now.

    Raises:
        OSError: it has gone.
    """
    folder = Path("/proc", str(process_id))
    # After the name, which may hold anything, in brackets: state is field 3, times are 14 and 15.
    times = (folder / "stat").read_text().rpartition(")")[2].split()[11:13]
    rollup = dict(line.split(":", 1) for line in (folder / "smaps_rollup").read_text().splitlines()[1:])
    rss, pss = (int(rollup[name].split()[0]) * 1024 for name in ("Rss", "Pss"))
    return Usage(sum(map(int, times)) / _TICK, rss, pss)


def busy_seconds() -> float:
    """Return how long all cores together have been at work since the machine was started, s of a core."""
    user, nice, system, _, _, irq, softirq, *_ = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:])
    return (user + nice + system + irq + softirq) / _TICK
