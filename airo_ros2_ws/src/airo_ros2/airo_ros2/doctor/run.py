"""`airo-ros2 doctor`: look at everything, and say what to do."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from airo_ros2.doctor.check import Check
from airo_ros2.doctor.installation import Installation
from airo_ros2.doctor.machine import machine_checks
from airo_ros2.doctor.memory import memory_checks
from airo_ros2.doctor.messages import message_checks
from airo_ros2.doctor.probe import probe_checks
from airo_ros2.doctor.profile import profile_checks
from airo_ros2.doctor.settings import setting_checks
from airo_ros2.doctor.versions import version_checks
from rclpy_loans.profile import apply_profile

__all__ = ["run_doctor"]


def run_doctor(*, as_json: bool, write: Callable[[str], None]) -> int:
    """Print all checks and return the exit status: 1 if one of them found a problem.

    Args:
        as_json: print one JSON object and nothing else.
        write: prints a line.
    """
    checks = []
    for check in _all_checks():
        checks.append(check)
        if not as_json:
            write(check.as_text())
    problems = sum(check.verdict == "problem" for check in checks)
    if as_json:
        write(json.dumps({"checks": [check.as_dict() for check in checks], "ok": problems == 0}))
    else:
        write(_summary(checks, problems))
    return 1 if problems else 0


def _all_checks() -> Iterator[Check]:
    given = dict(os.environ)
    is_ours = apply_profile()  # as every process of airo-ros2 does before it starts ROS
    environment = dict(os.environ)
    installation = Installation.of(environment)
    major = (installation.fastdds_version() or (2,))[0]
    yield from version_checks(given, installation)
    yield from setting_checks(environment, installation)
    yield from profile_checks(environment, is_ours=is_ours, fastdds_major=major, folder=Path.cwd())
    yield from memory_checks()
    yield from machine_checks(user_id=os.getuid())
    yield from message_checks(installation)
    yield from probe_checks(given)


def _summary(checks: list[Check], problems: int) -> str:
    warnings = sum(check.verdict == "warning" for check in checks)
    counts = f"{problems} {'problem' if problems == 1 else 'problems'}"
    counts += f", {warnings} {'warning' if warnings == 1 else 'warnings'}"
    return f"{counts}: {'frames may be copied, or not arrive' if problems else 'frames travel without a copy'}"
