"""Ends what is left of a set-up whose supervisor was killed: `python -m airo_ros2.bringup.guardian MARK < pipe`.

The kernel sends the supervisor's children SIGTERM when it dies, but not their children, and a stopped process does not
react. So a process of its own waits for the end of a pipe whose other end only the supervisor has, and then looks for
processes with the set-up's mark in their environment, which everything that it started inherits.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

__all__ = ["MARK_VARIABLE", "Guardian", "main", "marked_processes"]

MARK_VARIABLE = "AIRO_ROS2_SETUP"
GRACE_SECS = 3.0  # for the end in order that SIGTERM asks for
POLL_SECS = 0.05


class Guardian:
    """Starts a guardian for this process; everything that is started with its environment is guarded."""

    def __init__(self) -> None:
        self.mark = f"{os.getpid()}-{time.time_ns()}"
        self.environment = os.environ | {MARK_VARIABLE: self.mark}
        command = [sys.executable, "-m", "airo_ros2.bringup.guardian", self.mark]
        quiet = subprocess.DEVNULL
        # A session of its own: what ends us and our process group by a signal does not end it.
        starter = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True, cwd="/"
        )
        self._pipe = starter.stdin  # closed by the kernel when this process ends, however it does
        starter.wait()  # it goes on in a child that init takes over: our own children are nodes only

    def close(self) -> None:
        """Let the guardian end: it finds nothing to do."""
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


def marked_processes(mark: str, *, variable: str = MARK_VARIABLE) -> list[int]:
    """Return the ids of the processes of this user that have a mark in a variable of their environment."""
    entry = f"{variable}={mark}".encode()
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if entry in environment.read_bytes().split(b"\0"):
                found.append(int(environment.parent.name))
        except OSError:
            continue  # of another user, or just gone
    return found


def main() -> None:
    """Wait for the end of stdin, then end all that has the mark, and remove what it leaves in shared memory."""
    (mark,) = sys.argv[1:]
    os.environ.pop(MARK_VARIABLE, None)
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while os.read(0, 1):
        pass
    left = marked_processes(mark)
    if not left:
        return
    deadline = time.monotonic() + GRACE_SECS
    while marked_processes(mark) and time.monotonic() < deadline:
        time.sleep(POLL_SECS)
    while left := marked_processes(mark):
        for process_id in left:
            try:
                os.kill(process_id, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(POLL_SECS)
    from rclpy_loans.orphans import remove_orphans

    remove_orphans()


if __name__ == "__main__":
    main()
