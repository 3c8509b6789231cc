"""How a set-up is doing: one snapshot for the status service, /diagnostics, Prometheus and people."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from airo_ros2.bringup.child_process import Child, ChildState
from airo_ros2.bringup.process_meter import ProcessUse

__all__ = ["NodeReport", "ProcessStatus", "SetupStatus", "status_of"]


@dataclass(frozen=True)
class NodeReport:
    """What a node says of itself on /diagnostics.

    Attributes:
        received: s, monotonic.
        level: 0 ok, 1 warning, 2 error.
        message: one line.
        values: of its statuses together.
    """

    received: float
    level: int
    message: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class ProcessStatus:
    """One process.

    Attributes:
        name: full name of its node, for example front/camera.
        title: for people.
        camera: to which it belongs.
        kind: key in a set-up file.
        state: running, waiting, stopping, ended or given up.
        process_id: None unless it runs.
        restarts: since the set-up was started.
        uptime: s, since its last start; 0 unless it runs.
        last_ending: how it ended the last time; empty if it never did.
        last_line: what it printed last.
        memory_bytes: resident, without files and shared memory.
        shared_memory_bytes: of the messages that it publishes.
        cpu_percent: of one core.
        threads: how many.
        open_files: descriptors.
        level: of its newest report: 0 ok, 1 warning, 2 error; None without one.
        message: of its newest report.
        values: of its newest report.
    """

    name: str
    title: str
    camera: str
    kind: str
    state: str
    process_id: int | None
    restarts: int
    uptime: float
    last_ending: str
    last_line: str
    memory_bytes: int
    shared_memory_bytes: int
    cpu_percent: float
    threads: int
    open_files: int
    level: int | None
    message: str
    values: Mapping[str, str]


@dataclass(frozen=True)
class SetupStatus:
    """A whole set-up.

    Attributes:
        name: of the set-up.
        processes: in the order in which they are started.
        shared_memory_free: bytes of /dev/shm.
        shared_memory_total: bytes of /dev/shm.
    """

    name: str
    processes: tuple[ProcessStatus, ...]
    shared_memory_free: int
    shared_memory_total: int

    def as_json(self) -> str:
        """Return one JSON object on one line."""
        return json.dumps(asdict(self), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> SetupStatus:
        """Return what as_json() of another process has written."""
        content: dict[str, Any] = json.loads(text)
        processes = tuple(ProcessStatus(**each) for each in content.pop("processes"))
        return cls(processes=processes, **content)


def status_of(child: Child, *, use: ProcessUse | None, report: NodeReport | None, last_line: str) -> ProcessStatus:
    """Return the status of a process.

    Args:
        child: the process.
        use: what it takes of the machine; None if it does not run.
        report: what its node said last; None if it said nothing since its start.
        last_line: what it printed last.
    """
    use = ProcessUse(0, 0, 0.0, 0, 0) if use is None else use
    is_running = child.state in (ChildState.RUNNING, ChildState.STOPPING)
    return ProcessStatus(
        name=child.process.name,
        title=child.process.title,
        camera=child.process.namespace,
        kind=child.process.kind,
        state=child.state.value,
        process_id=child.process_id,
        restarts=child.restarts,
        uptime=time.monotonic() - child.started_at if is_running else 0.0,
        last_ending="" if child.last_ending is None else child.last_ending.text,
        last_line=last_line,
        **asdict(use),
        level=None if report is None else report.level,
        message="" if report is None else report.message,
        values={} if report is None else dict(report.values),
    )
