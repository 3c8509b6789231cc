"""What the results depend on: the machine and the versions."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from transport.subjects.subject import SUBJECTS

__all__ = ["cpu_name", "describe_machine", "version_of"]


def describe_machine() -> dict[str, Any]:
    """Return the description that stands in the results."""
    return {
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "numpy": version_of("numpy"),
        "ros_distro": os.environ.get("ROS_DISTRO", "jazzy"),
        "fastdds": version_of("ros-fastrtps"),
        "load_average": round(os.getloadavg()[0], 2),
        "versions": {subject.distribution: version_of(subject.distribution) for subject in SUBJECTS.values()},
    }


def version_of(distribution: str) -> str | None:
    """Return the version of an installed distribution; None without it."""
    if distribution == "python":
        return platform.python_version()
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def cpu_name() -> str:
    """Return what the processor calls itself."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
