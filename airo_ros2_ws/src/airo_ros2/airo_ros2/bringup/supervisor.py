"""Child processes that never outlive their parent and leave nothing in shared memory."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from types import TracebackType

from airo_frames.exit_status import EXIT_SAID_WHY
from airo_ros2.bringup.processes import NodeProcess
from airo_ros2.exceptions import ProcessEndedError
from rclpy_loans.orphans import remove_orphans

__all__ = ["Supervisor"]

PR_SET_PDEATHSIG = 1
# How long a process may take to end after each signal before the next one: together well below 3 s.
ENDING = ((signal.SIGINT, 1.5), (signal.SIGTERM, 0.5), (signal.SIGKILL, 0.5))
POLL_SECS = 0.01


class Supervisor:
    """Starts processes, tells when one has ended, and ends them all. A context manager: leaving ends them.

    A process that the supervisor's own death catches running gets SIGTERM from the kernel.
    """

    def __init__(self) -> None:
        self._children: dict[int, tuple[NodeProcess, subprocess.Popen[bytes]]] = {}  # all ever started, by process id

    def __enter__(self) -> Supervisor:
        """Return self."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End all processes."""
        self.close()

    def start(self, process: NodeProcess) -> None:
        """Start a process. What it prints goes to our stderr, so that our stdout is ours alone."""
        parent = os.getpid()

        def die_with_parent() -> None:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
            if os.getppid() != parent:
                os._exit(1)

        # A session of its own: Ctrl-C reaches the supervisor alone, which then ends the others in order.
        child = subprocess.Popen(
            process.command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            start_new_session=True,
            preexec_fn=die_with_parent,
        )
        self._children[child.pid] = (process, child)

    def check(self) -> bool:
        """Return whether a source has come to its end.

        Raises:
            ProcessEndedError: a process ended that should not have.
        """
        has_source_ended = False
        for process, child in self._children.values():
            status = child.poll()
            if status == 0 and process.is_source:
                has_source_ended = True
            elif status is not None:
                raise ProcessEndedError(_verdict(process, status), has_said_why=status == EXIT_SAID_WHY)
        return has_source_ended

    def close(self) -> None:
        """End all processes, the harder the longer they take."""
        for signal_number, patience in ENDING:
            living = [child for _, child in self._children.values() if child.poll() is None]
            for child in living:
                child.send_signal(signal_number)
            deadline = time.monotonic() + patience
            while any(child.poll() is None for child in living) and time.monotonic() < deadline:
                time.sleep(POLL_SECS)

    def remove_leftovers(self) -> None:
        """Remove what killed processes left in shared memory; call it when this process has left DDS itself.

        A killed process also keeps our own files from being removed with us, as Fast DDS counts it as a user of them.
        """
        if any(child.poll() != 0 for _, child in self._children.values()):
            remove_orphans()


def _verdict(process: NodeProcess, status: int) -> str:
    if status >= 0:
        return f"{process.title} ended with status {status}"
    return f"{process.title} was killed by {signal.Signals(-status).name}"
