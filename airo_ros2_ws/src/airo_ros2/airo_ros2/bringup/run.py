"""`airo-ros2 bringup`: start the processes of a set-up and print what tag_pose finds until it is over."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import rclpy
from airo_camera_msgs.msg import TagDetections
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import UInt64

from airo_camera.sources.spec import make_source
from airo_frames.interruption import Interruption
from airo_ros2.bringup.budget import check_budget
from airo_ros2.bringup.config import CameraConfig, SetupConfig
from airo_ros2.bringup.live_table import result_view
from airo_ros2.bringup.processes import processes_of, view_process
from airo_ros2.bringup.results import FrameResult
from airo_ros2.bringup.supervisor import Supervisor
from airo_ros2.exceptions import NoResultError
from airo_view.web.address import LOOPBACK, free_port, url_of
from rclpy_loans import LoanPublisher, LoanSubscription, Sample, SampleOverwrittenError, apply_profile, loan_qos
from rclpy_loans.orphans import remove_orphans

__all__ = ["BringupOptions", "run_bringup"]

SPIN_SECS = 0.05  # how soon a signal or the end of a process is noticed
DRAIN_SECS = 0.5  # without a result after its source has ended, a camera's last result has been printed
HINT_SECS = 10.0  # without any result, say what is going on


@dataclass(frozen=True)
class BringupOptions:
    """How long to run and what to print.

    Attributes:
        frames: end after so many results of each camera; None for no such end.
        duration: end after so many s; None for no such end.
        json: print one JSON object per frame, and process every image of a source of files.
        headless: serve no web view; with json there is none, either: that is for programs.
    """

    frames: int | None = None
    duration: float | None = None
    json: bool = False
    headless: bool = False

    @property
    def has_view(self) -> bool:
        """Whether the web view is served."""
        return not self.headless and not self.json


class _Results:
    """Receives the results of one camera."""

    def __init__(
        self, node: Node, camera: CameraConfig, *, lockstep: bool, on_result: Callable[[FrameResult], None]
    ) -> None:
        self.count = 0
        self.last_time = time.monotonic()
        self._camera = camera.name
        self._on_result = on_result
        self._last_sequence = 0
        qos = loan_qos(16, reliable=True)
        self._subscription = LoanSubscription(
            node, TagDetections, f"/{camera.name}/tags", self._on_sample, qos=qos, newest=False
        )
        self._processed = LoanPublisher(node, UInt64, f"/{camera.name}/processed", qos=qos) if lockstep else None

    def _on_sample(self, sample: Sample) -> None:
        try:
            result = FrameResult.from_message(self._camera, sample.copy())
        except SampleOverwrittenError:
            return  # in lockstep it comes again; otherwise the next one is on its way
        if result.sequence != self._last_sequence:
            self._last_sequence = result.sequence
            self.count += 1
            self.last_time = time.monotonic()
            self._on_result(result)
        if self._processed is not None:
            with self._processed.loan() as message:
                message["data"] = result.sequence

    def close(self) -> None:
        self._subscription.close()
        if self._processed is not None:
            self._processed.close()


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
        ProcessEndedError: a process ended before its time.
        NoResultError: a source ended before `frames` results, or nothing was processed.
    """
    apply_profile()
    wants_every_frame = options.json or options.frames is not None
    lockstep = {
        c.name: wants_every_frame and c.tags is not None and not make_source(c.source).is_live for c in setup.cameras
    }
    interruption = Interruption()
    remove_orphans()
    check_budget(setup)
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node("airo_ros2_bringup")
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    @cache
    def start_view() -> None:
        """Begin with the first result: until then the cameras and detectors need the processor."""
        if options.has_view:
            supervisor.start(view_process(port=port))

    def on_result(result: FrameResult) -> None:
        if options.frames is not None and results[result.camera].count > options.frames:
            return
        shown.show(result)
        start_view()

    results = {
        camera.name: _Results(node, camera, lockstep=lockstep[camera.name], on_result=on_result)
        for camera in setup.cameras
        if camera.tags is not None
    }
    supervisor = Supervisor()
    port = free_port() if options.has_view else 0
    heading = f"cameras and tags are shown on {url_of(LOOPBACK, port)}" if options.has_view else ""
    shown = result_view(as_json=options.json, write=write, heading=heading)
    try:
        with interruption, supervisor, shown:
            for camera in setup.cameras:
                for process in processes_of(camera, lockstep=lockstep[camera.name]):
                    supervisor.start(process)
            if not results:
                start_view()
            return _watch(executor, supervisor, results, options, interruption)
    finally:
        for result in results.values():
            result.close()
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()
        supervisor.remove_leftovers()


def _watch(
    executor: SingleThreadedExecutor,
    supervisor: Supervisor,
    results: dict[str, _Results],
    options: BringupOptions,
    interruption: Interruption,
) -> int:
    start = time.monotonic()
    has_hinted = False
    while True:
        executor.spin_once(timeout_sec=SPIN_SECS)
        now = time.monotonic()
        fewest = min((result.count for result in results.values()), default=0)
        if options.frames is not None and results and fewest >= options.frames:
            return 0
        if interruption.is_set:
            return 130 if options.frames is not None else 0
        if options.duration is not None and now - start >= options.duration:
            break
        if supervisor.check() and all(now - result.last_time > DRAIN_SECS for result in results.values()):
            break
        if not has_hinted and fewest == 0 and results and now - start > HINT_SECS:
            has_hinted = True
            sys.stderr.write(f"airo-ros2: no frame was processed within {HINT_SECS:g} s; still waiting\n")
    if results and fewest == 0:
        raise NoResultError("it ended before any frame was processed")
    if options.frames is not None and fewest < options.frames:
        raise NoResultError(f"it ended after {fewest} of {options.frames} frames")
    return 0
