"""What a process takes of the machine, from /proc."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ProcessMeter", "ProcessUse"]

_SEGMENT = re.compile(r"^[0-9a-f-]+ .w.. .* (/dev/shm/fast_datasharing_\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class ProcessUse:
    """What a process takes.

    Attributes:
        memory_bytes: resident, without files and shared memory.
        shared_memory_bytes: of the messages that it publishes.
        cpu_percent: of one core, since the last look.
        threads: how many.
        open_files: descriptors.
    """

    memory_bytes: int
    shared_memory_bytes: int
    cpu_percent: float
    threads: int
    open_files: int


class ProcessMeter:
    """Looks at one process again and again. It does not read a clock: times are given."""

    def __init__(self) -> None:
        self._last: tuple[int, float, float] | None = None  # process id, s of a core, time of the last look

    def look(self, process_id: int, now: float) -> ProcessUse | None:
        """Return what it takes; None if it has gone.

        Args:
            process_id: may be another one than the last time.
            now: s, monotonic.
        """
        folder = Path("/proc", str(process_id))
        try:
            status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
            # After the name, which may hold anything, in brackets: state is field 3, times are 14 and 15.
            times = (folder / "stat").read_text().rpartition(")")[2].split()[11:13]
            maps = (folder / "maps").read_text()
            open_files = len(os.listdir(folder / "fd"))
        except (OSError, ValueError):
            return None
        busy = sum(map(int, times)) / os.sysconf("SC_CLK_TCK")
        cpu_percent = 0.0
        if self._last is not None and self._last[0] == process_id and now > self._last[2]:
            cpu_percent = 100 * (busy - self._last[1]) / (now - self._last[2])
        self._last = process_id, busy, now
        return ProcessUse(
            memory_bytes=int(status.get("RssAnon", "0").split()[0]) * 1024,
            shared_memory_bytes=sum(map(_size, set(_SEGMENT.findall(maps)))),
            cpu_percent=cpu_percent,
            threads=int(status.get("Threads", "0")),
            open_files=open_files,
        )


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0
