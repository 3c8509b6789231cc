"""Measuring a camera alone, and with everything else saturating the cores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from airo_ros2.bringup.config import CameraConfig
from airo_ros2.bringup.node_kinds import CAMERA, RECORD, TAGS, VIEW
from airo_ros2.bringup.processes import processes_of

__all__ = ["CONDITIONS", "GOAL", "Plan", "run"]

GOAL = 1.5  # p99 of the interval, loaded against alone, at most


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes:
        rounds: of each condition, one after the other in turn.
        seconds: of each measurement.
        fps: of the camera.
    """

    rounds: int = 4
    seconds: float = 8.0
    fps: float = 60.0


@dataclass(frozen=True)
class Condition:
    """What runs beside the camera.

    Attributes:
        name: for people.
        tag_nodes: tag_pose nodes that read its frames.
        burners: processes per core that compute without end, in place of encoders and viewers.
        has_priorities: with the nice values of a set-up; otherwise all are equal.
    """

    name: str
    tag_nodes: int
    burners: int
    has_priorities: bool


CONDITIONS = (
    Condition("alone", tag_nodes=0, burners=0, has_priorities=True),
    Condition("loaded", tag_nodes=2, burners=2, has_priorities=True),
    Condition("loaded, without priorities", tag_nodes=2, burners=2, has_priorities=False),
)


def run(plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure and return the results.

    Args:
        plan: what is measured.
        say: prints a line of progress.
    """
    intervals: dict[str, list[float]] = {condition.name: [] for condition in CONDITIONS}
    for number in range(plan.rounds):
        for condition in CONDITIONS:
            say(f"round {number + 1} of {plan.rounds}: {condition.name}")
            stamps = _measure(plan, condition)
            intervals[condition.name] += list(np.diff(stamps) * 1e-6)
    summary = {name: _summary(values, plan.fps) for name, values in intervals.items()}
    ratio = summary["loaded"]["p99_ms"] / summary["alone"]["p99_ms"]
    return {
        "machine": {"cores": os.cpu_count()},
        "plan": vars(plan),
        "conditions": summary,
        "goal": {"p99_ratio": ratio, "at_most": GOAL, "verdict": "reached" if ratio <= GOAL else "missed"},
    }


def _summary(intervals: list[float], fps: float) -> dict[str, float]:
    median, p99, largest = np.percentile(intervals, [50, 99, 100])
    missed = sum(round(interval * fps / 1e3) - 1 for interval in intervals if interval * fps / 1e3 > 1.5)
    return {
        "frames": len(intervals),
        "median_ms": float(median),
        "p99_ms": float(p99),
        "max_ms": float(largest),
        "missed": missed,
    }


def _measure(plan: Plan, condition: Condition) -> list[int]:
    """Return the stamps of one measurement, ns."""
    with _load(condition):
        module = ["acquisition.camera", str(plan.seconds), str(plan.fps), "--ros-args", "-r", "__ns:=/bench"]
        done = subprocess.run(
            _command(module, CAMERA.nice), stdout=subprocess.PIPE, text=True, check=True, start_new_session=True
        )
    stamps: list[int] = json.loads(done.stdout)
    return stamps


@contextmanager
def _load(condition: Condition) -> Iterator[None]:
    """Run what is beside the camera."""
    tags = processes_of(CameraConfig("bench"))[-1]
    commands = [_command([tags.module, *tags.ros_arguments], _nice(condition, TAGS.nice))] * condition.tag_nodes
    cores = len(os.sched_getaffinity(0))
    for number in range(condition.burners * cores):
        nice = _nice(condition, RECORD.nice if number < cores else VIEW.nice)
        commands.append(_command(["acquisition.burn"], nice))
    # Sessions of their own, as in a set-up: many kernels share the cores out by session.
    processes = [subprocess.Popen(command, start_new_session=True) for command in commands]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def _nice(condition: Condition, nice: int) -> int:
    return nice if condition.has_priorities else 0


def _command(module: list[str], nice: int) -> list[str]:
    """Return the command of a module, started as a set-up starts it."""
    return [sys.executable, "-m", "airo_ros2.bringup.child", str(os.getpid()), str(nice), "all", *module]
