"""pip and uv build one wheel from the sources and make an empty environment run the main job, away from the sources.

They take ROS 2 from the package index, so `make test` leaves them out: `make install-test`.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

pytestmark = pytest.mark.install
ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = ROOT / "airo_ros2_ws/src"
PYTHON_PACKAGES = sorted(path.parent.name for path in SOURCES.glob("*/setup.py"))
OF_THIS_ENVIRONMENT = (
    "_ROS_WHEELS_BOOTSTRAP_COMPLETE",
    "AMENT_PREFIX_PATH",
    "CMAKE_PREFIX_PATH",
    "FASTRTPS_DEFAULT_PROFILES_FILE",
    "FASTDDS_DEFAULT_PROFILES_FILE",
    "LD_LIBRARY_PATH",
    "PYTHONPATH",
    "RMW_FASTRTPS_USE_QOS_FROM_XML",
    "ROS_DISTRO",
    "VIRTUAL_ENV",
)


def run(*command: str | Path, cwd: Path, **variables: str) -> str:
    """Run a command as somebody would who has nothing of this environment, and return its output."""
    environment = {name: value for name, value in os.environ.items() if name not in OF_THIS_ENVIRONMENT}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=environment | variables, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == 0, (command, done.stdout[-3000:], done.stderr[-3000:])
    return done.stdout


def commands(heading: str) -> str:
    """Return the shell commands that stand in docs/install.md under a heading."""
    text = (ROOT / "docs/install.md").read_text().partition(f"{heading}\n")[2]
    return text.partition("```sh\n")[2].partition("```")[0]


def follow(heading: str, folder: Path, domain: int, **variables: str) -> Path:
    """Run the commands under a heading of docs/install.md beside the sources, and return the environment they make.

    `python3` is the interpreter below this environment, and of what is installed here only uv can be found.
    """
    (folder / "airo-ros2").symlink_to(ROOT)
    (folder / "uv").mkdir()
    (folder / "uv/uv").symlink_to(Path(sys.prefix, "bin/uv"))
    python = Path(sys._base_executable).resolve()
    (folder / "uv/python3").symlink_to(python)
    path = f"{folder / 'uv'}:{os.environ['PATH'].replace(f'{sys.prefix}/bin:', '')}"
    lines = run("bash", "-euc", commands(heading), cwd=folder, PATH=path, **ros(domain), **variables)
    assert len(re.findall(r"^camera +\d+ .* ms  tag36h11:", lines, re.MULTILINE)) == 3, lines
    return folder / "robot"


def ros(domain: int) -> dict[str, str]:
    """Return the variables that keep a test apart from others."""
    return {"ROS_DOMAIN_ID": str(domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}


def test_pip_builds_one_wheel_that_fills_an_empty_environment(tmp_path: Path, ros_domain: int) -> None:
    """The wheel brings ROS 2 with it, and runs the main job where there are no sources."""
    environment = follow("### One wheel for several machines", tmp_path, ros_domain)
    (wheel,) = tmp_path.glob("wheels/*.whl")
    check_the_wheel_is_complete(wheel)
    run(environment / "bin/pip", "check", cwd=tmp_path)
    check_it_runs(environment, tmp_path, ros_domain)


def test_uv_installs_the_checkout_for_another_distribution(tmp_path: Path, ros_domain: int) -> None:
    """With ROS_DISTRO=kilted the wheel is compiled against Kilted, depends on it, and runs on it."""
    environment = follow("## uv", tmp_path, ros_domain, ROS_DISTRO="kilted")
    listed = run(sys.executable, "-m", "uv", "pip", "list", "--python", environment, cwd=tmp_path)
    assert "ros-kilted-rclpy" in listed and "ros-jazzy" not in listed
    check_it_runs(environment, tmp_path, ros_domain)


def check_the_wheel_is_complete(wheel: Path) -> None:
    """One wheel has every module, profile, launch file and message, and what ROS 2's tools look for."""
    with zipfile.ZipFile(wheel) as archive:
        data = "-".join(wheel.name.split("-")[:2]) + ".data/data/"  # what goes into the environment's own folders
        names = {name.removeprefix(data) for name in archive.namelist()}
        info = next(Path(name).parent for name in names if name.endswith("/METADATA"))
        metadata = Parser().parsestr(archive.read(f"{info}/METADATA").decode())
        scripts = configparser.ConfigParser()
        scripts.read_string(archive.read(f"{info}/entry_points.txt").decode())
    assert dict(scripts["console_scripts"]) == {"airo-ros2": "airo_ros2.cli:main"}
    expected = {f"{package.name}/package.xml" for package in SOURCES.iterdir() if (package / "package.xml").exists()}
    expected = {f"share/{name}" for name in expected}
    for package in PYTHON_PACKAGES:
        folder = SOURCES / package
        files = [path for path in (folder / package).rglob("*") if path.is_file()]
        files += list((folder / package).glob("*/*.xml"))  # behind links, which rglob does not follow
        expected |= {str(path.relative_to(folder)) for path in files if "__pycache__" not in path.parts}
        expected.add(f"share/ament_index/resource_index/packages/{package}")
        nodes = re.findall(r'"(\w+_node) = ', (folder / "setup.py").read_text())
        expected |= {f"lib/{package}/{node}" for node in nodes}
    launch = [path for path in (ROOT / "launch").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    expected |= {f"share/tag_pose/{path.relative_to(ROOT)}" for path in launch}
    expected |= {f"share/airo_camera_msgs/msg/{path.name}" for path in SOURCES.glob("airo_camera_msgs/msg/*.msg")}
    expected.add("lib/libairo_camera_msgs__rosidl_typesupport_fastrtps_c.so")
    assert expected <= names, expected - names
    assert wheel.name.split("-")[2] == "cp{}{}".format(*sys.version_info)
    requires = metadata.get_all("Requires-Dist") or []
    assert any(line.startswith("ros-jazzy-rclpy[fastrtps]~=") for line in requires)


def check_it_runs(environment: Path, folder: Path, ros_domain: int) -> None:
    """Run bringup and the doctor in a folder without the sources."""
    here = folder / "elsewhere"
    here.mkdir()
    command = environment / "bin/airo-ros2"
    lines = run(command, "bringup", "--frames", "3", "--json", cwd=here, **ros(ros_domain)).splitlines()
    frames = [json.loads(line) for line in lines]
    assert len(frames) == 3 and all(frame["zero_copy"] and frame["detections"] for frame in frames)
    checks = json.loads(run(command, "doctor", "--json", cwd=here, **ros(ros_domain)))["checks"]
    assert {check["verdict"] for check in checks if check["name"] in ("ros", "messages", "probe")} == {"ok"}
    where = "import airo_ros2, airo_camera_msgs; print(airo_ros2.__file__, airo_camera_msgs.__file__)"
    assert run(environment / "bin/python", "-c", where, cwd=here).count(str(environment)) == 2
