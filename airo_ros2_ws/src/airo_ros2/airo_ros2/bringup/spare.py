"""A process in reserve: it has imported what nodes need, and waits to become one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping

from airo_ros2.bringup.processes import NodeProcess

__all__ = ["Spare", "start_process"]

END_SECS = 1.0
AGAIN_SECS = 10.0  # after the start of one that has ended by itself


class Spare:
    """At most one process in reserve. Used in the main thread alone, as all children.

    Half of the time that a node takes to start goes into importing. A process that has done so already is as good as a
    new one: it is an ordinary child that was never forked from anything with threads, and has no node yet.

    Args:
        environment: of the process.
        is_piped: its output goes into a pipe, otherwise to our stderr.
    """

    def __init__(self, *, environment: Mapping[str, str], is_piped: bool) -> None:
        self._environment = environment
        self._is_piped = is_piped
        self._popen: subprocess.Popen[bytes] | None = None
        self._again = 0.0  # s, monotonic: not before then is one that has ended by itself replaced

    @property
    def process_id(self) -> int | None:
        """Its id, if there is one."""
        return None if self._popen is None else self._popen.pid

    def renew(self, modules: Iterable[str], now: float) -> None:
        """Start one if there is none.

        Args:
            modules: that it imports.
            now: s, monotonic.
        """
        if self._popen is not None and (self._popen.poll() is None or now < self._again):
            return
        self.close()
        self._again = now + AGAIN_SECS
        command = [sys.executable, "-m", "airo_ros2.bringup.child", str(os.getpid()), "--spare"]
        self._popen = start_process(
            command, environment=self._environment, is_piped=self._is_piped, stdin=subprocess.PIPE
        )
        self._tell(self._popen, list(modules))

    def become(self, process: NodeProcess) -> subprocess.Popen[bytes] | None:
        """Return the process in reserve, which turns into a node; None if there is none."""
        popen, self._popen = self._popen, None
        if popen is None:
            return None
        if popen.poll() is None and self._tell(popen, process.call):
            if popen.stdin is not None:
                popen.stdin.close()
            return popen
        _end(popen)
        return None

    def close(self) -> None:
        """End it."""
        popen, self._popen = self._popen, None
        if popen is not None:
            _end(popen)

    @staticmethod
    def _tell(popen: subprocess.Popen[bytes], words: list[str]) -> bool:
        """Return whether a line could be written to it."""
        if popen.stdin is None:
            return False
        try:
            popen.stdin.write(json.dumps(words).encode() + b"\n")
            popen.stdin.flush()
        except BrokenPipeError:
            return False
        return True


def start_process(
    command: list[str], *, environment: Mapping[str, str], is_piped: bool, stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start a process of a set-up. What it prints goes into a pipe or to our stderr: our stdout is ours alone."""
    # A session of its own: Ctrl-C reaches the supervisor alone, which then ends the others in order.
    return subprocess.Popen(
        command,
        stdin=stdin,
        stdout=subprocess.PIPE if is_piped else sys.stderr.fileno(),
        stderr=subprocess.STDOUT if is_piped else None,
        env=environment,
        start_new_session=True,
    )


def _end(popen: subprocess.Popen[bytes]) -> None:
    """End a process that has not become a node: there is nothing to put in order."""
    popen.kill()
    try:
        popen.wait(END_SECS)
    except subprocess.TimeoutExpired:
        pass  # it hangs in the kernel, and outlives even SIGKILL: nobody waits for it
    for stream in (popen.stdin, popen.stdout):
        if stream is not None:
            try:
                stream.close()
            except BrokenPipeError:
                continue  # what was not written is not needed
