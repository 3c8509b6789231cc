"""Our noarch packages, built from their recipes and installed with conda's own library from a channel in a folder."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from conda_channel import CONDA, Channel, installed_distro, rendered
from rattler import install, solve
from rattler.exceptions import SolverError
from rattler.platform import Subdir

DISTRO = installed_distro()
PROFILE = Path("share/airo_ros2_config/fastdds.xml")
SETTINGS = ("FASTRTPS_DEFAULT_PROFILES_FILE", "FASTDDS_DEFAULT_PROFILES_FILE", "RMW_FASTRTPS_USE_QOS_FROM_XML")
FILE_VARIABLE = SETTINGS[0] if DISTRO == "jazzy" else SETTINGS[1]
ACTIVATE = 'for f in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do . "$f"; done'
DEACTIVATE = 'for f in "$CONDA_PREFIX"/etc/conda/deactivate.d/*.sh; do . "$f"; done'


def build_order() -> list[Path]:
    """Return the noarch recipes, each after those that it depends on."""
    recipes = {path: rendered(path, DISTRO).recipe for path in sorted(CONDA.glob("*/recipe.yaml"))}
    noarch = {recipe.package.name: path for path, recipe in recipes.items() if recipe.build.noarch}
    needs = {
        path: {noarch[spec.split()[0]] for spec in recipes[path].requirements.run if spec.split()[0] in noarch}
        for path in noarch.values()
    }
    return list(TopologicalSorter(needs).static_order())


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Channel:
    """Build every noarch recipe; the tests that a recipe brings run on what was built."""
    channel = Channel(tmp_path_factory.mktemp("channel"), DISTRO)
    for recipe in build_order():
        channel.build(recipe)
    return channel


@pytest.fixture(scope="module")
def prefix(channel: Channel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the one package that brings all others into a new prefix, as conda does."""
    folder = tmp_path_factory.mktemp("conda") / "prefix"

    async def fill() -> None:
        records = await solve([channel.url], [f"ros-{DISTRO}-airo-ros2"], platforms=[str(Subdir.current()), "noarch"])
        await install(records, folder, cache_dir=folder.parent / "cache", show_progress=False)

    asyncio.run(fill())
    return folder


def in_shell(prefix: Path, script: str, *, shell: str = "bash", **variables: str) -> list[str]:
    """Run a script in a shell without settings of Fast DDS but those given, and return the lines it prints."""
    kept = ("PATH", "HOME", "ROS_DOMAIN_ID", "ROS_AUTOMATIC_DISCOVERY_RANGE")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    environment |= {"CONDA_PREFIX": str(prefix)} | variables
    command = [shell, "-euc", script]
    done = subprocess.run(command, env=environment, cwd=prefix.parent, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout.splitlines()


def show(when: str) -> str:
    """Return the shell commands that print the settings."""
    return "; ".join(f'echo {when} {name} "${{{name}-unset}}"' for name in (*SETTINGS, "_AIRO_ROS2_CONFIG"))


@pytest.mark.parametrize("shell", ["bash", "dash", "zsh"])
def test_activation_sets_what_is_unset_and_takes_it_back(prefix: Path, shell: str) -> None:
    """An active environment shares without a copy; after it everything is as it was."""
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    lines = in_shell(prefix, f"{ACTIVATE}; {show('active')}; {DEACTIVATE}; {show('after')}", shell=shell)
    values = {" ".join(line.split()[:2]): line.split()[2] for line in lines}
    assert values[f"active {FILE_VARIABLE}"] == str(prefix / PROFILE) and (prefix / PROFILE).is_file()
    assert values["active RMW_FASTRTPS_USE_QOS_FROM_XML"] == "1"
    assert {value for name, value in values.items() if name.startswith("after")} == {"unset"}


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("value", ["0", "/home/user/mine.xml", ""])
def test_activation_leaves_the_users_settings_alone(prefix: Path, name: str, value: str) -> None:
    """Whoever has set one of the variables, even to nothing, finds all of them as they were, before and after."""
    script = f"{ACTIVATE}; {show('x')}; {DEACTIVATE}; {show('x')}"
    expected = [
        f"x {variable} {value if variable == name else 'unset'}" for variable in (*SETTINGS, "_AIRO_ROS2_CONFIG")
    ]
    assert in_shell(prefix, script, **{name: value}) == expected * 2


def test_what_the_user_sets_while_it_is_active_stays(prefix: Path) -> None:
    """Deactivation takes back only what activation has set."""
    script = f"{ACTIVATE}; export {FILE_VARIABLE}=/mine.xml; {DEACTIVATE}; {show('after')}"
    lines = in_shell(prefix, script)
    assert f"after {FILE_VARIABLE} /mine.xml" in lines
    assert "after RMW_FASTRTPS_USE_QOS_FROM_XML unset" in lines


def test_the_installed_packages_do_the_main_job(prefix: Path, ros_domain: int) -> None:
    """Bringup and the nodes run from the prefix, and from nowhere else, with the settings of the activation."""
    lines = in_shell(prefix, f"{ACTIVATE}; $CONDA_PREFIX/bin/airo-ros2 bringup --frames 3 --json")
    frames = [json.loads(line) for line in lines]
    assert len(frames) == 3 and all(frame["zero_copy"] and frame["detections"] for frame in frames)
    where = "import airo_ros2, airo_camera, tag_pose as t; print(airo_ros2.__file__, airo_camera.__file__, t.__file__)"
    (files,) = in_shell(prefix, f"{ACTIVATE}; $CONDA_PREFIX/bin/python -c '{where}'")
    assert files.count(f"{prefix}/lib/") == 3


def test_the_nodes_start_from_the_folder_of_ros2_run(prefix: Path, ros_domain: int) -> None:
    """lib/<package>/<node> runs the node: without its source it ends with one line that says so."""
    nodes = sorted(prefix.glob("lib/*/*_node"))
    assert {node.name for node in nodes} >= {"camera_node", "tag_pose_node"}
    assert not list(prefix.glob("bin/*_node"))
    script = f"{ACTIVATE}; $CONDA_PREFIX/lib/airo_camera/camera_node --ros-args -p source:=/nowhere.png 2>&1 || true"
    assert any("/nowhere.png does not exist" in line for line in in_shell(prefix, script))


def test_another_distribution_is_refused(channel: Channel) -> None:
    """Beside the mutex of another distribution nothing of ours can be installed."""
    channel.stand_in("ros2-distro-mutex 0.8.* humble_*")
    specs = [f"ros-{DISTRO}-rclpy-loans", "ros2-distro-mutex * humble_*"]
    with pytest.raises(SolverError, match="ros2-distro-mutex"):
        asyncio.run(solve([channel.url], specs, platforms=[str(Subdir.current()), "noarch"]))
