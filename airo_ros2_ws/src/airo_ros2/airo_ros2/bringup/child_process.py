"""One process of a set-up, from its start to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import IO

from airo_ros2.bringup.config import RestartPolicy
from airo_ros2.bringup.processes import NodeProcess
from airo_ros2.bringup.restart_history import RestartHistory
from airo_ros2.bringup.spare import Spare, start_process

__all__ = ["HARDER", "HELPER_SECS", "Child", "ChildState", "Ending"]

# After SIGINT and the time that a process has to end in order: each signal, and how long until the next one.
HARDER = ((signal.SIGTERM, 0.5), (signal.SIGKILL, 0.5))
HELPER_SECS = 1.0  # for what a process that has ended had started itself


class ChildState(Enum):
    """What a process is at."""

    RUNNING = "running"
    WAITING = "waiting"  # for its next start
    STOPPING = "stopping"
    ENDED = "ended"  # regularly, or because it was asked to
    FAILED = "given up"


@dataclass(frozen=True)
class Ending:
    """How a process ended.

    Attributes:
        status: of its exit; minus the number of a signal that killed it.
        was_asked: it was being stopped.
        reason: why it was ended from outside; empty if it was not.
    """

    status: int
    was_asked: bool
    reason: str = ""

    @property
    def text(self) -> str:
        """For people, after the process's title."""
        if self.reason:
            return self.reason
        if self.status >= 0:
            return f"ended with status {self.status}"
        return f"was killed by {signal.Signals(-self.status).name}"


class Child:
    """Starts, ends and starts again one process.

    Used in the main thread alone: the kernel ends the children of a thread that has ended.

    Args:
        process: its description; may be replaced between two starts.
        environment: of the process.
        policy: when it is started again; None for never.
        follow: gets the output of each start; None for letting it go to our stderr.
        spare: processes in reserve; None for none.
    """

    def __init__(
        self,
        process: NodeProcess,
        *,
        environment: Mapping[str, str],
        policy: RestartPolicy | None,
        follow: Callable[[str, IO[bytes]], None] | None,
        spare: Spare | None = None,
    ) -> None:
        self.process = process
        self.state = ChildState.WAITING
        self.restarts = 0  # not counting the first start
        self.started_at = 0.0  # s, monotonic
        self.restart_at = 0.0  # s, monotonic, while it waits
        self.last_ending: Ending | None = None
        self.history = None if policy is None else RestartHistory(policy)
        self._environment = environment
        self._follow = follow
        self._spare = spare
        self._popen: subprocess.Popen[bytes] | None = None
        self._ending_reason = ""
        self._next_signals: list[tuple[float, int]] = []  # (time, signal), while it is being stopped
        self._helpers: list[tuple[float, int]] = []  # (time, process group) of helpers it has left behind

    @property
    def process_id(self) -> int | None:
        """Its id while it runs."""
        return self._popen.pid if self._popen is not None else None

    def start(self) -> None:
        """Start it, from the process in reserve if there is one."""
        popen = None if self._spare is None else self._spare.become(self.process)
        if popen is None:
            command = self.process.command(os.getpid())
            popen = start_process(command, environment=self._environment, is_piped=self._follow is not None)
        self._popen = popen
        if self._follow is not None and popen.stdout is not None:
            self._follow(self.process.name, popen.stdout)
        self.state = ChildState.RUNNING
        self.started_at = time.monotonic()
        self._ending_reason = ""

    def stop(self, now: float, *, reason: str = "", kill: bool = False) -> None:
        """Begin to end it; poll() goes on with it, the harder the longer it takes.

        Args:
            now: s, monotonic.
            reason: why, if it is a failure of the process.
            kill: at once: it does not react.
        """
        if self._popen is None:
            self.state = ChildState.ENDED
            return
        if self.state is ChildState.STOPPING or (reason and self._ending_reason):
            return  # it is on its way
        if not reason:
            self.state = ChildState.STOPPING
        self._ending_reason = reason
        self._next_signals.clear()
        at = now
        for number, patience in ((signal.SIGINT, self.process.ending_secs), *HARDER):
            if not kill or number == signal.SIGKILL:
                self._next_signals.append((at, number))
                at += patience
        self._signal(now)

    def poll(self, now: float) -> Ending | None:
        """Return how it ended, if it just has; send the next signal if it is being stopped.

        Args:
            now: s, monotonic.
        """
        self._end_helpers(now)
        if self._popen is None:
            return None
        status = self._popen.poll()
        if status is None:
            self._signal(now)
            return None
        self._leave_helpers(self._popen.pid, now)
        self._popen = None
        self._next_signals.clear()
        ending = Ending(status, was_asked=self.state is ChildState.STOPPING, reason=self._ending_reason)
        self.last_ending = ending
        return ending

    @property
    def is_over(self) -> bool:
        """Whether neither it nor a helper of it runs."""
        return self._popen is None and not self._helpers

    def _signal(self, now: float) -> None:
        while self._next_signals and self._next_signals[0][0] <= now:
            _, number = self._next_signals.pop(0)
            if self._popen is None:
                return
            if number == signal.SIGKILL:
                _send_to_group(self._popen.pid, number)
            else:
                self._popen.send_signal(number)  # to it alone: it ends its helpers in its own order

    def _leave_helpers(self, group: int, now: float) -> None:
        """End what a process that has ended had started: it stays in the process's group."""
        if _send_to_group(group, signal.SIGTERM):
            self._helpers.append((now + HELPER_SECS, group))

    def _end_helpers(self, now: float) -> None:
        for entry in list(self._helpers):
            at, group = entry
            is_gone = not _send_to_group(group, signal.SIGKILL if at <= now else 0)
            if is_gone or at <= now:
                self._helpers.remove(entry)


def _send_to_group(group: int, number: int) -> bool:
    """Send a signal to a process group; return whether there is one."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True
