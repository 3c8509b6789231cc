"""`airo-ros2 bringup`: start the processes of a set-up and print what tag_pose finds until it is over."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from airo_camera.sources.spec import make_source
from airo_frames.interruption import Interruption
from airo_ros2.bringup.budget import check_budget
from airo_ros2.bringup.config import SetupConfig
from airo_ros2.bringup.live_table import result_view
from airo_ros2.bringup.node_reports import NodeReports
from airo_ros2.bringup.process_log import ProcessLogs, log_folder
from airo_ros2.bringup.results import FrameResult
from airo_ros2.bringup.running_setup import RunningSetup
from airo_ros2.bringup.setup_lock import SetupLock
from airo_ros2.bringup.setup_services import NODE_PREFIX, SetupServices
from airo_ros2.bringup.supervisor import Supervisor
from airo_ros2.bringup.tag_results import SetupResults
from airo_ros2.exceptions import NoResultError, ProcessEndedError
from airo_view.web.address import LOOPBACK, free_port, url_of
from rclpy_loans import apply_profile
from rclpy_loans.orphans import remove_orphans

__all__ = ["BringupOptions", "run_bringup"]

SPIN_SECS = 0.05  # how soon a signal or the end of a process is noticed
DRAIN_SECS = 0.5  # without a result after its source has ended, a camera's last result has been printed
HINT_SECS = 10.0  # without any result, say what is going on
OTHERS_LOG = "supervisor"  # the log of what the supervisor itself says


@dataclass(frozen=True)
class BringupOptions:
    """How long to run and what to print.

    Attributes:
        frames: end after so many results of each camera; None for no such end.
        duration: end after so many s; None for no such end.
        json: print one JSON object per frame, and process every image of a source of files.
        quiet: print no results.
        headless: serve no web view; with json there is none, either: that is for programs.
    """

    frames: int | None = None
    duration: float | None = None
    json: bool = False
    quiet: bool = False
    headless: bool = False


def run_bringup(setup: SetupConfig, options: BringupOptions, *, write: Callable[[str], None]) -> int:
    """Run a set-up until it is over, and return the exit status.

    Args:
        setup: cameras and what is done with their frames.
        options: how long to run and what to print.
        write: prints a line.

    Returns:
        0, or 130 when it was interrupted before it had done what was asked.

    Raises:
        CameraError: a source is not understood.
        SharedMemoryBudgetError: the frames of all cameras do not fit into shared memory.
        SetupRunningError: a set-up of that name runs already.
        ProcessEndedError: a process ended before its time, or no camera is left.
        NoResultError: a source ended before `frames` results, or nothing was processed.
    """
    apply_profile()
    lockstep = _in_lockstep(setup, options)
    if lockstep or options.frames is not None:
        # A job, of which each frame counts: what was lost with a process cannot be made good by starting it again.
        setup = replace(setup, restart=None, logs=None, prometheus=0, relay=None, compressed_relay=None)
    if options.json:
        setup = replace(setup, view=None, relay=None, compressed_relay=None)
    if options.headless:
        setup = replace(setup, view=None)
    elif setup.view is not None and "port" not in setup.view.parameters:
        setup = replace(setup, view=setup.view.with_parameters(port=free_port()))
    interruption = Interruption()
    with ExitStack() as stack:
        if setup.restart is not None:
            stack.callback(SetupLock(setup.name).close)
        remove_orphans()
        check_budget(setup)
        stack.enter_context(interruption)
        return _Bringup(setup, options, lockstep, interruption, write).run()


def _in_lockstep(setup: SetupConfig, options: BringupOptions) -> frozenset[str]:
    """Return the cameras whose every image is to be processed."""
    if not options.json and options.frames is None:
        return frozenset()
    return frozenset(c.name for c in setup.cameras if c.has_tags and not make_source(c.source).is_live)


class _Bringup:
    """A set-up from its start to its end."""

    def __init__(
        self,
        setup: SetupConfig,
        options: BringupOptions,
        lockstep: frozenset[str],
        interruption: Interruption,
        write: Callable[[str], None],
    ) -> None:
        self._setup = setup
        self._options = options
        self._lockstep = lockstep
        self._interruption = interruption
        heading = ""
        if setup.view is not None:
            host, port = (setup.view.parameters.get(key, value) for key, value in (("host", LOOPBACK), ("port", 0)))
            heading = f"cameras and tags are shown on {url_of(host, port)}"
        self._shown = result_view(as_json=options.json, write=write, heading=heading)
        self._logs: ProcessLogs | None = None

    def run(self) -> int:
        """Run it and return the exit status."""
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        try:
            with ExitStack() as stack:
                node = rclpy.create_node(NODE_PREFIX + self._setup.name)
                stack.callback(node.destroy_node)
                executor = SingleThreadedExecutor()
                stack.callback(executor.shutdown)
                executor.add_node(node)
                results = SetupResults(node, lockstep=self._lockstep, on_result=self._on_result)
                stack.callback(results.close)
                if self._setup.logs is not None:
                    folder = log_folder(self._setup.logs, self._setup.name)
                    self._logs = ProcessLogs(folder, self._setup.logs, echo=_echo)
                    stack.callback(self._logs.close)
                supervisor = Supervisor(self._setup.restart, logs=self._logs, say=self._say)
                stack.enter_context(supervisor)
                stack.enter_context(self._shown)
                running = self._running(node, supervisor, results, stack)
                self._follow(results, self._setup)
                running.start()
                return self._watch(executor, supervisor, running, results)
        finally:
            rclpy.try_shutdown()
            # Only now: what was killed also keeps our own files, which it had open, from being removed with us.
            remove_orphans()

    def _running(self, node: Node, supervisor: Supervisor, results: SetupResults, stack: ExitStack) -> RunningSetup:
        """Return the set-up, with its services if it is supervised."""
        if self._setup.restart is None:
            return RunningSetup(self._setup, supervisor, lockstep=self._lockstep)
        reports = NodeReports(node)
        running = RunningSetup(
            self._setup,
            supervisor,
            find_report=lambda name, since: reports.newest(name, since=since),
            logs=self._logs,
            on_cameras=lambda setup: self._follow(results, setup),
        )
        services = SetupServices(node, running)
        if self._setup.prometheus:
            from airo_ros2.bringup.metrics import MetricsEndpoint

            stack.callback(MetricsEndpoint(self._setup.prometheus, lambda: services.newest).close)
        return running

    def _follow(self, results: SetupResults, setup: SetupConfig) -> None:
        if not self._options.quiet or self._options.frames is not None:
            results.follow(camera.name for camera in setup.cameras if camera.has_tags)

    def _on_result(self, result: FrameResult, count: int) -> None:
        if self._options.quiet or (self._options.frames is not None and count > self._options.frames):
            return
        self._shown.show(result)

    def _say(self, line: str) -> None:
        if self._logs is not None:
            self._logs.write(OTHERS_LOG, line)
        sys.stderr.write(f"airo-ros2: {line}\n")

    def _watch(
        self,
        executor: SingleThreadedExecutor,
        supervisor: Supervisor,
        running: RunningSetup,
        results: SetupResults,
    ) -> int:
        options, start, has_hinted = self._options, time.monotonic(), False
        while True:
            executor.spin_once(timeout_sec=SPIN_SECS)
            now = time.monotonic()
            if options.frames is not None and len(results) and results.fewest >= options.frames:
                return 0
            if self._interruption.is_set:
                return 130 if options.frames is not None else 0
            if options.duration is not None and now - start >= options.duration:
                break
            supervisor.poll(now)
            if self._setup.restart is not None:
                running.watch(now)
            if not running.end_finished(partial(results.is_drained, now=now, after=DRAIN_SECS)):
                break
            if not has_hinted and results.fewest == 0 and len(results) and now - start > HINT_SECS:
                has_hinted = True
                sys.stderr.write(f"airo-ros2: no frame was processed within {HINT_SECS:g} s; still waiting\n")
        return self._end(running, results)

    def _end(self, running: RunningSetup, results: SetupResults) -> int:
        if running.given_up:
            raise ProcessEndedError(f"given up: {', '.join(running.given_up)}", has_said_why=False)
        if len(results) and results.fewest == 0:
            raise NoResultError("it ended before any frame was processed")
        if self._options.frames is not None and results.fewest < self._options.frames:
            raise NoResultError(f"it ended after {results.fewest} of {self._options.frames} frames")
        return 0


def _echo(name: str, line: str) -> None:
    sys.stderr.write(f"[{name}] {line}\n")
