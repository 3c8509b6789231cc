"""Running a set-up of several cameras and measuring it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from std_srvs.srv import Trigger

from airo_ros2.bringup.setup_services import NODE_PREFIX
from airo_ros2.bringup.setup_status import ProcessStatus, SetupStatus
from rclpy_loans.shared_memory import SHARED_MEMORY
from scale.cases import Case, Plan
from scale.reports import Reports
from scale.usage import Usage, busy_seconds, look

__all__ = ["ScaleError", "measure"]

START_SECS = 90.0
SETTLED_REPORTS = 3  # of each node, before a measurement begins
END_SECS = 30.0
AGAIN_SECS = 1.0


class ScaleError(Exception):
    """A set-up did not start, or ended."""


def measure(case: Case, plan: Plan) -> dict[str, Any]:
    """Run a set-up and return what it reached and what it took.

    Raises:
        ScaleError: it did not start, or a process of it ended.
    """
    with tempfile.TemporaryDirectory() as folder, _setup(case, plan, Path(folder)) as supervisor:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        try:
            return _Measurement(case, plan, supervisor).run()
        finally:
            rclpy.try_shutdown()


@contextmanager
def _setup(case: Case, plan: Plan, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the set-up with its own supervisor, as a user would."""
    file = folder / "scale.yaml"
    file.write_text(f"logs: {{folder: {folder / 'logs'}}}\n" + case.text(plan))
    command = [sys.executable, "-m", "airo_ros2.cli", "bringup", str(file), "--quiet"]
    supervisor = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield supervisor
    finally:
        supervisor.send_signal(signal.SIGINT)
        try:
            supervisor.wait(END_SECS)
        except subprocess.TimeoutExpired:
            supervisor.kill()
            supervisor.wait()


class _Measurement:
    """One set-up, watched from outside through what its nodes report."""

    def __init__(self, case: Case, plan: Plan, supervisor: subprocess.Popen[bytes]) -> None:
        self._case = case
        self._plan = plan
        self._supervisor = supervisor
        self._node = rclpy.create_node("scale")
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._reports = Reports(self._node)
        self._client = self._node.create_client(Trigger, f"/{NODE_PREFIX}scale/status")

    def run(self) -> dict[str, Any]:
        """Wait until everything runs, measure for a while, and return the figures."""
        try:
            processes = self._running()
            names = [process.name for process in processes]
            self._until(lambda: all(self._reports.count(n) >= SETTLED_REPORTS for n in names), "a report of each node")
            self._reports.begin()
            before, busy, begin = self._look(processes), busy_seconds(), time.monotonic()
            self._until(lambda: time.monotonic() >= begin + self._plan.seconds, "the end")
            seconds, busy = time.monotonic() - begin, busy_seconds() - busy
            after = self._look(processes)
            self._same(processes)
        finally:
            self._executor.shutdown()
            self._node.destroy_node()
        cpu = {key: (after[key].cpu_secs - usage.cpu_secs) / seconds for key, usage in before.items()}
        return {
            "scene": self._case.scene,
            "cameras": self._case.cameras,
            "seconds": seconds,
            "cores_busy": busy / seconds,  # of the whole machine, with whatever else runs
            "cpu": _by_kind(processes, cpu),
            "streams": [self._stream(index) for index in range(self._case.cameras)],
            "rss_bytes": _by_kind(processes, {key: usage.rss_bytes for key, usage in after.items()}),
            "pss_bytes": _by_kind(processes, {key: usage.pss_bytes for key, usage in after.items()}),
            "shared_memory_bytes": _shared_memory(),
        }

    def _running(self) -> list[ProcessStatus]:
        """Return the processes, once all run."""
        found: list[ProcessStatus] = []

        def is_complete() -> bool:
            found[:] = self._status()
            return len(found) == 2 * self._case.cameras and all(process.process_id for process in found)

        self._until(is_complete, "the start of all processes")
        return found

    def _same(self, processes: list[ProcessStatus]) -> None:
        """Check that no process was started anew meanwhile."""
        ids = {process.name: process.process_id for process in processes}
        for process in self._status():
            if ids[process.name] != process.process_id:
                raise ScaleError(f"{process.title} {process.last_ending or 'ended'}: {process.last_line}")

    def _status(self) -> tuple[ProcessStatus, ...]:
        self._until(self._client.service_is_ready, "the supervisor")
        deadline = time.monotonic() + START_SECS
        while time.monotonic() < deadline:  # an answer to a client that the supervisor does not know yet gets lost
            future = self._client.call_async(Trigger.Request())
            self._until(partial(_is_over, future, time.monotonic() + AGAIN_SECS), "an answer")
            if future.done():
                return SetupStatus.from_json(future.result().message).processes
            self._client.remove_pending_request(future)
        raise ScaleError(f"the supervisor did not answer within {START_SECS:g} s")

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + START_SECS
        while not condition():
            if self._supervisor.poll() is not None:
                raise ScaleError(f"bringup ended with status {self._supervisor.returncode}")
            if time.monotonic() > deadline:
                raise ScaleError(f"{what} did not come within {START_SECS:g} s")
            self._executor.spin_once(timeout_sec=0.1)

    def _look(self, processes: list[ProcessStatus]) -> dict[str, Usage]:
        """Return what each process takes, by name; the supervisor's name is empty."""
        ids = {process.name: process.process_id or 0 for process in processes} | {"": self._supervisor.pid}
        return {name: look(process_id) for name, process_id in ids.items()}

    def _stream(self, index: int) -> dict[str, Any]:
        camera, tags = (self._reports.window(f"camera_{index}/{name}") for name in ("camera", "tag_pose"))
        return {
            "frame_rate": camera.rate("published"),
            "tag_rate": tags.rate("processed"),
            "frames_dropped": camera.growth("dropped"),
            "tags_dropped": tags.growth("dropped"),
            "frame_latency_ms": median(camera.values("latency median (ms)")),
            "tag_latency_ms": median(tags.values("latency median (ms)")),
            "tag_latency_max_ms": max(tags.values("latency max (ms)")),
            "detector_ms": median(tags.values("detector time median (ms)")),
        }


def _is_over(future: Any, deadline: float) -> bool:
    """Return whether an answer has come, or has been waited for long enough."""
    return bool(future.done()) or time.monotonic() > deadline


def _by_kind(processes: list[ProcessStatus], values: dict[str, Any]) -> dict[str, Any]:
    """Return the sums of camera processes, of tag_pose processes, and of the supervisor."""
    sums = {kind: sum(values[p.name] for p in processes if p.kind == kind) for kind in ("camera", "tags")}
    return {**sums, "supervisor": values[""]}


def _shared_memory() -> int:
    """Return the size of everything that Fast DDS has in shared memory."""
    return sum(os.stat(path).st_size for path in SHARED_MEMORY.glob("fast*"))
