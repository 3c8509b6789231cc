"""What `pip install .` runs: scikit-build-core, with ROS 2 to compile the messages against.

scikit-build-core knows how to make a wheel; this adds what only this project knows:

    which ROS 2    get_requires_for_build_*   the wheels of requirements/ros-$ROS_DISTRO.txt, Jazzy unless it is set
    where it is    build_*                    in pip's or uv's folder for builds, or in the environment itself;
                                              its CMake files, which name folders of another machine, are repaired
    what follows   dynamic_metadata           the wheel runs on the ROS 2 it was compiled against, and depends on it

Without isolation the ROS 2 of the environment is taken as it is, whoever installed it.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import sysconfig
from importlib import metadata
from pathlib import Path
from typing import Any

from scikit_build_core import build as scikit_build
from scikit_build_core.build import (
    build_sdist,
    get_requires_for_build_sdist,
    prepare_metadata_for_build_editable,
    prepare_metadata_for_build_wheel,
)

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "dynamic_metadata",
    "dynamic_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

Settings = dict[str, Any] | None
ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
BUILD_FOLDER = ROOT / "build/pip"  # tool.scikit-build.build-dir
GENERATORS = "rosidl-default-generators"
BUILD_TOOLS = ("catkin_pkg", "cmake", "ninja", "numpy")  # of requirements/build.txt and run.txt
RUN_TIME = ("rclpy[fastrtps]", "common-interfaces", "rmw-fastrtps-cpp")  # of ROS 2
BOOTSTRAPPER = "ros-wheels-bootstrapper"
# Another ROS 2 that is active in the caller's shell. Its folders must not mix with those of the wheels.
FOREIGN_VARIABLES = ("COLCON_PREFIX_PATH", "LD_LIBRARY_PATH")


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """Return what a build in isolation needs: the build tools and the wheels of a ROS 2."""
    return [*scikit_build.get_requires_for_build_wheel(config_settings), *_build_requirements()]


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """Return the same for an editable build."""
    return [*scikit_build.get_requires_for_build_editable(config_settings), *_build_requirements()]


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    """Build the wheel in its folder and return its file name."""
    _use_ros_wheels()
    return scikit_build.build_wheel(wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build the wheel that links the packages to this folder, and return its file name."""
    _use_ros_wheels()
    return scikit_build.build_editable(wheel_directory, config_settings, metadata_directory)


def dynamic_metadata(settings: dict[str, Any], project: dict[str, Any]) -> dict[str, list[str]]:
    """Return the dependencies to add to those of pyproject.toml: the ROS 2 that the messages are compiled against."""
    del settings, project
    distro = _installed_distro()
    if distro is None:  # it is not from the package index, nor a dependency that pip could install
        return {"dependencies": []}
    pins = _pins(f"ros-{distro}")
    names = [*(f"ros-{distro}-{name}" for name in RUN_TIME), BOOTSTRAPPER]
    return {"dependencies": [pins[name].replace("==", "~=") for name in names]}


def dynamic_wheel(settings: dict[str, Any]) -> dict[str, bool]:
    """Tell that a wheel depends on more than the source distribution that it is built from."""
    del settings
    return {"dependencies": True}


def _build_requirements() -> list[str]:
    distro = os.environ.get("ROS_DISTRO", "jazzy")
    if not (REQUIREMENTS / f"ros-{distro}.txt").exists():
        known = ", ".join(sorted(path.stem.removeprefix("ros-") for path in REQUIREMENTS.glob("ros-*.txt")))
        raise SystemExit(f"ROS_DISTRO={distro} is not in the package index: choose {known}, or build with colcon")
    ros = [line for name, line in _pins(f"ros-{distro}").items() if name != BOOTSTRAPPER]
    return [*ros, *(line for line in _lines("build", "run") if _name(line) in BUILD_TOOLS)]


def _pins(file: str) -> dict[str, str]:
    return {_name(line): line for line in _lines(file)}


def _lines(*files: str) -> list[str]:
    lines = (line.partition("#")[0].strip() for name in files for line in (REQUIREMENTS / f"{name}.txt").open())
    return [line for line in lines if line]


def _name(requirement: str) -> str:
    return re.split(r"[=<>~;! ]", requirement, maxsplit=1)[0]


def _installed_distro() -> str | None:
    """Return the distribution whose wheels are installed where the build runs."""
    for path in REQUIREMENTS.glob("ros-*.txt"):
        try:
            metadata.distribution(f"{path.stem}-{GENERATORS}")
        except metadata.PackageNotFoundError:
            continue
        return path.stem.removeprefix("ros-")
    return None


def _use_ros_wheels() -> None:
    """Let CMake find the wheels of ROS 2, wherever pip or uv has put them for this build."""
    distro = _installed_distro()
    if distro is None:
        return
    files = metadata.distribution("ros-rosidl-cmake").files or []
    marker = next(file for file in files if file.name == "rosidl_cmakeConfig.cmake")
    prefix = Path(str(marker.locate())).resolve().parents[3]
    _forget_build_elsewhere(f"{prefix} {sys.version}")
    _repair_cmake_exports(prefix)
    for variable in FOREIGN_VARIABLES:
        os.environ.pop(variable, None)
    os.environ |= dict.fromkeys(("AMENT_PREFIX_PATH", "CMAKE_PREFIX_PATH"), str(prefix))


def _repair_cmake_exports(prefix: Path) -> None:
    """Point the CMake files of the wheels to this Python and numpy, not to folders of the machine that built them."""
    import numpy

    for path in prefix.glob("share/*/cmake/*.cmake"):
        text = path.read_text()
        repaired = re.sub(r'/opt/python/[^;"]*/numpy/(_core|core)/include', numpy.get_include(), text)
        repaired = re.sub(r'/opt/python/[^;"]*/include/python3[^;"]*', sysconfig.get_path("include"), repaired)
        if repaired != text:
            path.unlink()  # uv links files into an environment: the one in its cache stays as it is
            path.write_text(repaired)


def _forget_build_elsewhere(identity: str) -> None:
    """Remove what was built against a ROS 2 in another folder, or for another Python: CMake has kept its paths."""
    stamp = BUILD_FOLDER / "built_against.txt"
    if not stamp.exists() or stamp.read_text() != identity:
        shutil.rmtree(BUILD_FOLDER, ignore_errors=True)
        BUILD_FOLDER.mkdir(parents=True)
        stamp.write_text(identity)
