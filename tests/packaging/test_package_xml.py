"""package.xml lists what rosdep has to install and what bloom needs to release: no more and no less."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from catkin_pkg.package import Package, parse_package

SOURCES = Path(__file__).resolve().parent.parent.parent / "airo_ros2_ws/src"
FOLDERS = {path.parent.name: path.parent for path in sorted(SOURCES.glob("*/package.xml"))}
PYTHON_PACKAGES = [name for name, folder in FOLDERS.items() if (folder / "setup.py").exists()]
# rosdep keys of modules that are no ROS package of their own name.
KEYS = {"cv2": "python3-opencv", "prometheus_client": "python3-prometheus-client", "yaml": "python3-yaml"}
KEYS |= {name: f"python3-{name}" for name in ("aiohttp", "cloudpickle", "hypothesis", "numpy", "pytest", "rich")}
# No rosdep key leads to them: pip installs them, and package.xml says so in a comment. The last three are of tests.
OF_PIP = {"av", "mcap", "pupil_apriltags", "pyapriltags", "mcap_ros2", "rosbags", "selenium"}
# Needed without an import: rclpy loads the middleware, launch starts nodes, /tf is there where its messages are.
NOT_IMPORTED = {
    "rclpy_loans": {"rmw_fastrtps_cpp"},
    "airo_recorder": {"tf2_msgs"},
    "tag_pose": {"airo_camera", "launch", "launch_ros", "tf2_msgs"},
}
# Imported where it is installed: by the tests of those who use airo_ros2.testing, and to record.
OPTIONAL = {"airo_ros2": {"python3-pytest", "airo_recorder"}}


def package_of(name: str) -> Package:
    """Return what a package.xml says."""
    return parse_package(str(FOLDERS[name]))


def imported(folder: Path, own: set[str]) -> set[str]:
    """Return the rosdep keys or names behind the modules that the files of a folder import from elsewhere."""
    return {KEYS.get(name, name) for name in modules(folder) - own - OF_PIP - set(sys.stdlib_module_names)}


def modules(folder: Path) -> set[str]:
    """Return the names of all modules that the files of a folder import."""
    found = set()
    for path in folder.rglob("*.py"):
        for node in nodes(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all that is below a part of a program, but for what only type checkers see."""
    for child in ast.iter_child_nodes(tree):
        if not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            yield child
            yield from nodes(child)


@pytest.mark.parametrize("name", PYTHON_PACKAGES)
def test_what_a_package_imports_is_what_it_depends_on(name: str) -> None:
    """What rosdep installs is every module that is imported, and nothing else."""
    optional = OPTIONAL.get(name, set())
    listed = {need.name for need in package_of(name).exec_depends} - optional
    needed = imported(FOLDERS[name] / name, {name}) - optional | NOT_IMPORTED.get(name, set())
    assert listed == needed, (
        f"package.xml lacks {needed - listed or 'nothing'}, has beyond {listed - needed or 'nothing'}"
    )


@pytest.mark.parametrize("name", PYTHON_PACKAGES)
def test_what_the_tests_import_is_listed(name: str) -> None:
    """The tests of a package find what they import among its dependencies, which reach theirs."""
    package = package_of(name)
    listed = {need.name for need in [*package.exec_depends, *package.test_depends]}
    below = set().union(*({need.name for need in package_of(need).exec_depends} for need in listed & FOLDERS.keys()))
    own = {path.stem for path in (FOLDERS[name] / "test").glob("*.py")} | {name}
    missing = imported(FOLDERS[name] / "test", own) - listed - below
    assert not missing, f"package.xml of {name} lacks <test_depend> of {missing}"


@pytest.mark.parametrize("name", FOLDERS)
def test_bloom_finds_what_it_needs(name: str) -> None:
    """Format 3, one version for all, a maintainer to write to, a licence, and the same text as setup.py."""
    package = package_of(name)
    warnings: list[str] = []
    package.validate(warnings=warnings)
    assert not warnings
    assert package.package_format == 3 and package.version == package_of("airo_ros2").version
    assert package.maintainers[0].email and package.licenses == ["Apache-2.0"] and package.description.endswith(".")
    assert all(need.name != "airo_ros2" for need in package.exec_depends)
    if name in PYTHON_PACKAGES:
        setup = (FOLDERS[name] / "setup.py").read_text()
        assert re.search(r'version="(.*)"', setup)[1] == package.version  # type: ignore[index]


def test_one_version_everywhere() -> None:
    """The pip distribution has the version of the packages."""
    text = (SOURCES.parent.parent / "pyproject.toml").read_text()
    assert re.search(r'^version = "(.*)"', text, re.MULTILINE)[1] == package_of("airo_ros2").version  # type: ignore[index]
