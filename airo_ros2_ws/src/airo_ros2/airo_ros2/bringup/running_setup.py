"""A set-up that runs: what may be done with its cameras meanwhile, and how it is doing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace

from airo_ros2.bringup.budget import Budget
from airo_ros2.bringup.child_process import ChildState
from airo_ros2.bringup.config import CameraConfig, SetupConfig
from airo_ros2.bringup.config_file import parse_camera
from airo_ros2.bringup.node_kinds import SETUP_KINDS
from airo_ros2.bringup.process_log import ProcessLogs
from airo_ros2.bringup.process_meter import ProcessMeter
from airo_ros2.bringup.processes import NodeProcess, processes_of, shared_process
from airo_ros2.bringup.setup_status import NodeReport, SetupStatus, status_of
from airo_ros2.bringup.supervisor import Supervisor
from airo_ros2.exceptions import ControlError
from rclpy_loans.shared_memory import SHARED_MEMORY

__all__ = ["FindReport", "RunningSetup"]

SILENT_SECS = 10.0  # nodes report once a second; the machine may be busy
FIRST_REPORT_SECS = 60.0  # a node that never reports hangs in its start
_GOING_ON = (ChildState.RUNNING, ChildState.WAITING)

FindReport = Callable[[str, float], NodeReport | None]  # (name of the node, since when) -> its newest report


class RunningSetup:
    """Cameras of a set-up, each with its processes.

    Args:
        setup: what is to run.
        supervisor: runs it.
        find_report: what a node said last.
        logs: of the processes; None if there are none.
        lockstep: names of the cameras whose every frame is to be processed.
        on_cameras: called when cameras were added, changed or removed.
    """

    def __init__(
        self,
        setup: SetupConfig,
        supervisor: Supervisor,
        *,
        find_report: FindReport = lambda name, since: None,
        logs: ProcessLogs | None = None,
        lockstep: frozenset[str] = frozenset(),
        on_cameras: Callable[[SetupConfig], None] = lambda setup: None,
    ) -> None:
        self.setup = setup
        self._supervisor = supervisor
        self._find_report = find_report
        self._logs = logs
        self._lockstep = lockstep
        self._on_cameras = on_cameras
        self._budget = Budget()
        self._meters: dict[str, ProcessMeter] = {}  # by name of the process
        self._reporting: set[str] = set()  # processes whose node has ever reported

    def start(self) -> None:
        """Start all cameras."""
        for camera in self.setup.cameras:
            for process in self._processes(camera):
                self._supervisor.start(process)
        for kind in SETUP_KINDS:
            if (settings := self.setup.shared_node(kind)) is not None:
                self._supervisor.start(shared_process(kind, settings))

    def add(self, name: str, settings: str) -> str:
        """Add a camera and return what was done.

        Args:
            name: of the camera.
            settings: YAML, as under its name in a set-up file.

        Raises:
            ControlError: there is one of that name.
            ConfigError: the settings do not suit.
            SharedMemoryBudgetError: its frames do not fit into what is free of shared memory.
        """
        if self.setup.camera(name) is not None:
            raise ControlError(f"there is a camera {name} already: use set to change it, or remove it first")
        camera = parse_camera(name, settings)
        self._take((*self.setup.cameras, camera))
        started = self._processes(camera)
        for process in started:
            self._supervisor.start(process)
        return f"added {name}: {', '.join(process.title for process in started)}"

    def remove(self, name: str) -> str:
        """End the processes of a camera and forget it.

        Raises:
            ControlError: there is none of that name.
        """
        self._camera(name)
        for child in reversed(self._supervisor.children_of(name)):
            self._supervisor.remove(child.process.name)
        self._take(tuple(each for each in self.setup.cameras if each.name != name), is_more=False)
        return f"removed {name}"

    def restart(self, name: str) -> str:
        """Start the processes of a camera anew, also those that were given up.

        Raises:
            ControlError: there is none of that name.
        """
        self._camera(name)
        for child in self._supervisor.children_of(name):
            self._supervisor.restart(child.process.name)
        return f"restarting {name}"

    def change(self, name: str, settings: str) -> str:
        """Change settings of a camera: only the processes that they concern are started anew.

        Args:
            name: of the camera.
            settings: YAML; what is not mentioned stays.

        Raises:
            ControlError: there is none of that name.
            ConfigError: the settings do not suit.
            SharedMemoryBudgetError: its frames do not fit into shared memory.
        """
        before = self._camera(name)
        camera = parse_camera(name, settings, base=before)
        self._take(tuple(camera if each is before else each for each in self.setup.cameras))
        wanted = {process.name: process for process in self._processes(camera)}
        running = {child.process.name: child.process for child in self._supervisor.children_of(name)}
        done = []
        for process_name in running.keys() - wanted.keys():
            self._supervisor.remove(process_name)
            done.append(f"ended {running[process_name].title}")
        for process_name, process in wanted.items():
            if process_name not in running:
                self._supervisor.start(process)
                done.append(f"started {process.title}")
            elif process != running[process_name]:
                self._supervisor.restart(process_name, process)
                done.append(f"restarted {process.title}")
        return ", ".join(done) or f"nothing to do: {name} is like that already"

    def watch(self, now: float) -> None:
        """End processes whose nodes have fallen silent: stopped, or stuck as a whole.

        Args:
            now: s, monotonic.
        """
        for child in self._supervisor.children:
            name = child.process.name
            if child.state is not ChildState.RUNNING:
                continue
            report = self._find_report(name, child.started_at)
            if report is not None:
                self._reporting.add(name)
            silent = now - (child.started_at if report is None else report.received)
            limit = FIRST_REPORT_SECS if report is None else SILENT_SECS
            if name in self._reporting and silent > limit:
                self._supervisor.fail(name, f"has not said anything for {silent:.0f} s: it hangs", kill=True)

    def end_finished(self, is_drained: Callable[[str], bool]) -> bool:
        """End what belongs to cameras whose sources have come to their end; return whether any camera is left.

        Args:
            is_drained: tells of a camera whether its last results have been seen.
        """
        children = self._supervisor.children
        sources = [child for child in children if child.process.is_source]
        over = {child.process.namespace for child in sources if child.state is ChildState.ENDED}
        drained = {name for name in over if is_drained(name)}
        if self.setup.restart is None:  # a job is over with the first source that is
            return not (over and all(is_drained(camera.name) for camera in self.setup.cameras))
        for child in children:
            if child.process.namespace in drained and child.state in _GOING_ON:
                child.stop(time.monotonic())
        states = {child.state for child in sources}
        return not states or not states <= {ChildState.ENDED, ChildState.FAILED} or over != drained

    @property
    def given_up(self) -> list[str]:
        """Titles of the vital processes that were given up."""
        children = self._supervisor.children
        return [c.process.title for c in children if c.state is ChildState.FAILED and c.process.is_vital]

    def status(self) -> SetupStatus:
        """Return how everything is doing."""
        now = time.monotonic()
        processes = []
        for child in self._supervisor.children:
            name = child.process.name
            meter = self._meters.setdefault(name, ProcessMeter())
            process_id = child.process_id
            processes.append(
                status_of(
                    child,
                    use=None if process_id is None else meter.look(process_id, now),
                    report=self._find_report(name, child.started_at),
                    last_line="" if self._logs is None else self._logs.last_line(name),
                )
            )
        room = os.statvfs(SHARED_MEMORY)
        free, total = room.f_bavail * room.f_frsize, room.f_blocks * room.f_frsize
        return SetupStatus(self.setup.name, tuple(processes), free, total)

    def _camera(self, name: str) -> CameraConfig:
        camera = self.setup.camera(name)
        if camera is None:
            names = ", ".join(each.name for each in self.setup.cameras) or "none"
            raise ControlError(f"there is no camera {name}: cameras are {names}")
        return camera

    def _take(self, cameras: tuple[CameraConfig, ...], *, is_more: bool = True) -> None:
        """Let these be the cameras, if their frames fit into shared memory."""
        if is_more:
            held: dict[str, int] = {}
            for process in self.status().processes:
                held[process.camera] = held.get(process.camera, 0) + process.shared_memory_bytes
            self._budget.check(cameras, held=held)
        self.setup = replace(self.setup, cameras=cameras)
        self._on_cameras(self.setup)

    def _processes(self, camera: CameraConfig) -> list[NodeProcess]:
        can_restart = self.setup.restart is not None
        return processes_of(camera, lockstep=camera.name in self._lockstep, reconnect=can_restart)
