"""The recipes of conda are valid, render for every distribution, and say the same as the package.xml files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from catkin_pkg.package import Package, parse_package
from conda_channel import CONDA, DISTROS, rendered
from test_package_xml import OF_PIP, modules

SOURCES = CONDA.parent / "airo_ros2_ws/src"
PACKAGES = {path.parent.name: parse_package(str(path.parent)) for path in sorted(SOURCES.glob("*/package.xml"))}
RECIPES = sorted(CONDA.glob("*/recipe.yaml"))
OF_NO_PACKAGE = {"airo_ros2_config"}
ROSDEP = yaml.safe_load((CONDA / "rosdep.yaml").read_text())
SCHEMA = json.loads((Path(__file__).parent / "schemas/recipe.json").read_text())
# What a recipe needs beside what package.xml lists: the interpreter, the ABI gate, and what activates ROS 2.
MUTEX = "ros2-distro-mutex"
BESIDE = {"python", "pip", "setuptools", MUTEX}


def conda_names(dependencies: list[Any], distro: str) -> set[str]:
    """Return what conda calls some dependencies of a package.xml."""
    return {ROSDEP.get(need.name, f"ros-{distro}-{need.name.replace('_', '-')}") for need in dependencies}


def names(specs: list[str], distro: str) -> set[str]:
    """Return the names of some requirements, without those that every recipe has."""
    return {spec.split()[0] for spec in specs} - BESIDE - {f"ros-{distro}-ros-workspace"}


def test_every_package_has_a_recipe() -> None:
    """Whoever adds a package to the workspace is told to add its recipe, and none is left of a package that is gone."""
    have = {path.parent.name for path in RECIPES}
    missing = sorted(PACKAGES.keys() - have)
    assert not missing, f"no recipe for {', '.join(missing)}: write conda/<package>/recipe.yaml, see conda/README.md"
    assert have - PACKAGES.keys() == OF_NO_PACKAGE


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.parent.name)
def test_recipes_follow_the_schema(path: Path) -> None:
    """A recipe uses only keys that rattler-build knows, in their places."""
    jsonschema.Draft202012Validator(SCHEMA).validate(yaml.safe_load(path.read_text()))


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("build/numbr", 1),
        ("requirements/runs", []),
        ("package/name", "Airo Camera"),
        ("tests", []),
        ("about/license", "MIT"),
    ],
)
def test_the_schema_refuses_mistakes(path: str, change: Any) -> None:
    """The schema is not so wide that everything passes."""
    recipe = yaml.safe_load((CONDA / "airo_camera/recipe.yaml").read_text())
    *folders, key = path.split("/")
    place = recipe
    for folder in folders:
        place = place[folder]
    place[key] = change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(recipe)


@pytest.mark.parametrize("distro", DISTROS)
@pytest.mark.parametrize("package", PACKAGES.values(), ids=PACKAGES.keys())
def test_recipes_are_what_package_xml_says(package: Package, distro: str) -> None:
    """Rendered for a distribution, a recipe has the name, version and dependencies of package.xml, and no others."""
    recipe = rendered(CONDA / package.name / "recipe.yaml", distro).recipe
    assert recipe.package.name == f"ros-{distro}-{package.name.replace('_', '-')}"
    assert recipe.package.version == package.version
    assert "${{" not in json.dumps(recipe.to_dict(), default=str)
    run = names(recipe.requirements.run, distro)
    without_key = {ROSDEP[name] for name in modules(SOURCES / package.name / package.name) & OF_PIP & ROSDEP.keys()}
    assert run - {"airo-ros2-config"} == conda_names(package.exec_depends, distro) | without_key
    if package.get_build_type() == "ament_cmake":
        assert recipe.build.noarch is None
        wanted = conda_names([*package.buildtool_depends, *package.build_depends], distro)
        assert names(recipe.requirements.host, distro) - {"numpy"} == wanted
    else:
        assert recipe.build.noarch == "python" and names(recipe.requirements.host, distro) == set()


@pytest.mark.parametrize("distro", DISTROS)
@pytest.mark.parametrize("name", PACKAGES)
def test_recipes_pass_the_gate_of_the_channel(name: str, distro: str) -> None:
    """Host and run name the mutex of the distribution, and our own packages go together in one version only."""
    recipe = rendered(CONDA / name / "recipe.yaml", distro).recipe
    version = yaml.safe_load((CONDA / f"variants/{distro}.yaml").read_text())["ros2_distro_mutex"][0]
    for specs in (recipe.requirements.host, recipe.requirements.run):
        assert [spec for spec in specs if spec.startswith(MUTEX)] == [f"{MUTEX} {version} {distro}_*"]
    ours = {f"ros-{distro}-{package.replace('_', '-')}" for package in PACKAGES} | {"airo-ros2-config"}
    for spec in recipe.requirements.run:
        assert spec.split()[0] not in ours or spec.split()[1:] == [f"=={recipe.package.version}"]


def test_one_package_brings_all(distro: str = "jazzy") -> None:
    """ros-<distro>-airo-ros2 depends on each of our packages, in one step or more, and on the settings."""
    run = {
        name: names(rendered(CONDA / name / "recipe.yaml", distro).recipe.requirements.run, distro) for name in PACKAGES
    }
    found, new = set(), {"airo_ros2"}
    while new:
        found |= new
        needs = set().union(*(run[name] for name in new))
        new = {name for name in PACKAGES if f"ros-{distro}-{name.replace('_', '-')}" in needs} - found
    assert found == PACKAGES.keys()
    assert "airo-ros2-config" in run["airo_ros2"]


@pytest.mark.parametrize("name", PACKAGES)
def test_nodes_are_where_ros2_run_looks(name: str) -> None:
    """Each node that a setup.py names is looked for in lib/<package>/ by the test of the recipe."""
    setup = SOURCES / name / "setup.py"
    nodes = re.findall(r'"(\w+_node) = ', setup.read_text()) if setup.exists() else []
    tests = yaml.safe_load((CONDA / name / "recipe.yaml").read_text())["tests"]
    files = [file for test in tests for file in test.get("package_contents", {}).get("files", [])]
    assert {f"lib/{name}/{node}" for node in nodes} <= set(files)
    assert f"share/{name}/package.xml" in files
