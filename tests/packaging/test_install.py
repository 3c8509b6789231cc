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
from collections.abc import Iterator
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


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as pip does: from the source distribution, in isolation."""
    folder = tmp_path_factory.mktemp("wheel")
    offline = ("--no-build-isolation", "--offline", "--python", sys.executable)
    run(sys.executable, "-m", "uv", "build", "--sdist", *offline, "--out-dir", folder, ROOT, cwd=folder)
    (sdist,) = folder.glob("*.tar.gz")
    run(sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, sdist, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Path]:
    """Make an empty virtual environment."""
    run(sys._base_executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    yield tmp_path / "venv"


def test_the_wheel_is_complete(wheel: Path) -> None:
    """One wheel has every module, profile, launch file and message, and what ROS 2's tools look for."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name.replace("airo_ros2-0.1.0.data/data/", "") for name in archive.namelist()}
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


def test_pip_makes_an_empty_environment_run(wheel: Path, environment: Path, tmp_path: Path, ros_domain: int) -> None:
    """The wheel brings ROS 2 with it, and runs the main job where there are no sources."""
    run(environment / "bin/pip", "install", wheel, cwd=tmp_path)
    run(environment / "bin/pip", "check", cwd=tmp_path)
    check_it_runs(environment, tmp_path, ros_domain)


def test_uv_installs_the_checkout_for_another_distribution(environment: Path, tmp_path: Path, ros_domain: int) -> None:
    """`ROS_DISTRO=kilted uv pip install .` compiles against Kilted, depends on it, and runs on it."""
    uv = (sys.executable, "-m", "uv", "pip")
    run(
        *uv,
        "install",
        "--python",
        environment,
        "--reinstall-package=airo-ros2",
        ROOT,
        cwd=tmp_path,
        ROS_DISTRO="kilted",
    )
    assert "ros-kilted-rclpy" in run(*uv, "list", "--python", environment, cwd=tmp_path)
    check_it_runs(environment, tmp_path, ros_domain)


def check_it_runs(environment: Path, folder: Path, ros_domain: int) -> None:
    """Run bringup and the doctor in a folder without the sources."""
    here = folder / "elsewhere"
    here.mkdir()
    domain = {"ROS_DOMAIN_ID": str(ros_domain), "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}
    command = environment / "bin/airo-ros2"
    lines = run(command, "bringup", "--frames", "3", "--json", cwd=here, **domain).splitlines()
    frames = [json.loads(line) for line in lines]
    assert len(frames) == 3 and all(frame["zero_copy"] and frame["detections"] for frame in frames)
    checks = json.loads(run(command, "doctor", "--json", cwd=here, **domain))["checks"]
    assert {check["verdict"] for check in checks if check["name"] in ("ros", "messages", "probe")} == {"ok"}
    where = "import airo_ros2, airo_camera_msgs; print(airo_ros2.__file__, airo_camera_msgs.__file__)"
    assert run(environment / "bin/python", "-c", where, cwd=here).count(str(environment)) == 2
