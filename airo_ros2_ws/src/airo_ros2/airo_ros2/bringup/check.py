"""`airo-ros2 bringup --check`: whether a set-up could be started, without starting it."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator

from airo_camera.calibration import read_calibration
from airo_camera.exceptions import CameraError
from airo_camera.sources.spec import make_source
from airo_camera.sources.url import without_password
from airo_ros2.bringup.budget import Budget
from airo_ros2.bringup.config import CameraConfig, SetupConfig
from airo_ros2.bringup.node_kinds import CAMERA, TAGS
from airo_ros2.bringup.processes import processes_of
from airo_ros2.exceptions import ConfigError, SharedMemoryBudgetError
from rclpy_loans import apply_profile
from tag_pose.detector_settings import DetectorSettings
from tag_pose.exceptions import TagPoseError

__all__ = ["run_check"]


def run_check(
    make_setup: Callable[[], SetupConfig], *, write: Callable[[str], None], complain: Callable[[str], None]
) -> int:
    """Tell what a set-up would start, and everything that is wrong with it.

    Args:
        make_setup: reads it.
        write: prints a line.
        complain: prints a line about something that is wrong.

    Returns:
        0, or 2 when something is wrong.
    """
    apply_profile()
    try:
        setup = make_setup()
    except ConfigError as error:
        for problem in error.problems:
            complain(problem)
        return 2
    budget = Budget()
    problems = [problem for camera in setup.cameras for problem in _problems(camera)]
    try:
        budget.check(setup.cameras)
    except SharedMemoryBudgetError as error:
        problems.append(str(error))
    for problem in problems:
        complain(problem)
    if problems:
        return 2
    write(f"set-up {setup.name}: {len(setup.cameras)} cameras, {_restart_text(setup)}")
    for camera in setup.cameras:
        write(_line(camera, budget.need(camera)))
    return 0


def _restart_text(setup: SetupConfig) -> str:
    policy = setup.restart
    if policy is None:
        return "ends when a process fails"
    limit = f"given up after {policy.limit} failures within {policy.within:g} s" if policy.limit else "never given up"
    return f"what fails is started again, {limit}"


def _line(camera: CameraConfig, need: int | None) -> str:
    nodes = [f"{process.node_name} (nice {process.nice})" for process in processes_of(camera)]
    memory = "shared memory shows when it is connected" if need is None else f"{need / 1e6:.1f} MB of shared memory"
    return f"{camera.name}: {without_password(camera.source)}; {', '.join(nodes)}; {memory}"


def _problems(camera: CameraConfig) -> Iterator[str]:
    """Yield what is wrong with a camera, as far as it shows without starting anything."""
    calibration = camera.parameter(CAMERA.key, "calibration")
    source = make_source(camera.source)
    try:
        if calibration:
            read_calibration(calibration)
        if not source.is_live:
            with source:
                source.grab()
    except CameraError as error:
        yield f"camera {camera.name}: {error}"
    if camera.has_tags:
        try:
            DetectorSettings(
                families=tuple(camera.parameter(TAGS.key, "families")), backend=camera.parameter(TAGS.key, "backend")
            )
        except TagPoseError as error:
            yield f"camera {camera.name}: tags: {error}"
    for process in processes_of(camera):
        yield from _process_problems(process.title, process.nice, process.cpus)


def _process_problems(title: str, nice: int, cpus: tuple[int, ...]) -> Iterator[str]:
    there = os.sched_getaffinity(0)
    if not set(cpus) <= there:
        yield f"{title}: cpus got {list(cpus)}, expected some of {sorted(there)}"
    lowest = 20 - resource.getrlimit(resource.RLIMIT_NICE)[0]
    if nice < 0 and os.getpriority(os.PRIO_PROCESS, 0) + nice < lowest and os.geteuid() != 0:
        yield f"{title}: nice got {nice}, which needs a permission: expected 0 or more, or raise the limit nice"
