"""Checks of what is installed."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Mapping
from importlib import metadata

from airo_ros2 import __version__
from airo_ros2.doctor.check import Check, ok, problem, warning
from airo_ros2.doctor.installation import Installation

__all__ = ["version_checks"]

_DISTROS = {3: "humble", 7: "jazzy", 9: "kilted"}  # by the major version of rclpy
_PROVEN = ("jazzy", "kilted")
_INSTALL = "install ROS 2 Jazzy: see the README, or source the setup.bash of the one that is there"


def version_checks(environment: Mapping[str, str], installation: Installation) -> Iterator[Check]:
    """Yield the checks of versions.

    Args:
        environment: variables of the process.
        installation: of ROS 2.
    """
    yield ok("airo-ros2", __version__)
    yield _python(sys.version_info[:2])
    yield _numpy()
    yield _ros(environment.get("ROS_DISTRO"), installation.version("rclpy"))
    yield _fastdds(installation.fastdds_version(), installation.version("rmw_fastrtps_cpp"))


def _python(version: tuple[int, ...]) -> Check:
    found = f"{platform.python_version()} on {platform.machine()}"
    if version < (3, 10):
        return problem("python", found, "use Python 3.10 or newer")
    return ok("python", found)


def _numpy() -> Check:
    try:
        return ok("numpy", metadata.version("numpy"))
    except metadata.PackageNotFoundError:
        return problem("numpy", "not installed", "pip install numpy")


def _ros(wanted: str | None, rclpy_version: str | None) -> Check:
    if rclpy_version is None:
        return problem("ros", "rclpy is not installed", _INSTALL)
    major = rclpy_version.partition(".")[0]
    distro = _DISTROS.get(int(major) if major.isdecimal() else -1)
    found = f"{distro or 'an unknown distro'}, rclpy {rclpy_version}"
    if distro not in _PROVEN:
        return warning("ros", found, f"it is proven on {' and '.join(_PROVEN)}: look at the probe below")
    if wanted not in (None, distro):
        return warning(
            "ros", f"{found}, but ROS_DISTRO is {wanted}", f"source one ROS 2 only, or unset ROS_DISTRO={wanted}"
        )
    return ok("ros", found)


def _fastdds(version: tuple[int, ...] | None, rmw_version: str | None) -> Check:
    if rmw_version is None:
        return problem("fast-dds", "rmw_fastrtps_cpp is not installed", f"{_INSTALL}; it needs rmw_fastrtps_cpp")
    if version is None:
        return warning("fast-dds", f"version not found, rmw_fastrtps_cpp {rmw_version}", "look at the probe below")
    return ok("fast-dds", f"{'.'.join(map(str, version))}, rmw_fastrtps_cpp {rmw_version}")
