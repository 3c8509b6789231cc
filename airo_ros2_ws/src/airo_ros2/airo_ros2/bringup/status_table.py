"""The status of a set-up as a table for people."""

from __future__ import annotations

from airo_ros2.bringup.child_process import ChildState
from airo_ros2.bringup.setup_status import ProcessStatus, SetupStatus
from airo_ros2.clean import bytes_text
from airo_ros2.text_table import table

__all__ = ["status_lines"]

_HEAD = ("node", "state", "Hz", "p99 ms", "dropped", "restarts", "memory", "shared", "cpu", "says")
_TEXTS = frozenset({0, 1, 9})  # columns, the others are numbers


def status_lines(status: SetupStatus) -> list[str]:
    """Return one line per process, below a head."""
    return table([_HEAD, *map(_row, status.processes)], texts=_TEXTS)


def _row(process: ProcessStatus) -> tuple[str, ...]:
    values = process.values
    latency = values.get("latency p99 (ms)") or values.get("latency max (ms)") or "-"
    says = process.message if process.state == ChildState.RUNNING.value else process.last_line or process.last_ending
    return (
        process.name,
        process.state,
        values.get("rate (Hz)", "-"),
        latency,
        values.get("dropped", "-"),
        str(process.restarts),
        bytes_text(process.memory_bytes),
        bytes_text(process.shared_memory_bytes),
        f"{process.cpu_percent:.0f}%",
        says,
    )
