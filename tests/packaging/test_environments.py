"""pixi.toml, environment.yml and the workflow that builds the conda packages say the same as everything else."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from conda_channel import CONDA, DISTROS
from test_recipes import PACKAGES, conda_names

tomllib = pytest.importorskip("tomllib", reason="Python 3.10 has no tomllib")
ROOT = CONDA.parent
PIXI: dict[str, Any] = tomllib.loads((ROOT / "pixi.toml").read_text())
SCHEMA = json.loads((Path(__file__).parent / "schemas/pixi.json").read_text())
WITH_PIXI = sorted(PIXI["feature"])


def test_the_manifest_follows_the_schema() -> None:
    """pixi.toml uses only keys that pixi knows, in their places."""
    jsonschema.Draft202012Validator(SCHEMA).validate(PIXI)


@pytest.mark.parametrize(
    "change", [{"dependency": {}}, {"tasks": {"test": {"command": "pytest"}}}, {"dependencies": {"numpy": "2 or so"}}]
)
def test_the_schema_refuses_mistakes(change: dict[str, Any]) -> None:
    """The schema is not so wide that everything passes."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(PIXI | change)


def test_the_verbs_are_those_of_the_makefile() -> None:
    """Each verb of pixi is one of make, but for build, which make does unasked, and rviz, which it does not have."""
    verbs = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(PIXI["tasks"]) - {"build", "rviz"} < verbs
    assert set(PIXI["tasks"]) == {"bringup", "test", "bench", "lint", "docs", "build", "rviz"}
    for task in PIXI["tasks"].values():
        assert set(task.get("depends-on", [])) <= set(PIXI["tasks"])
        for word in task["cmd"].split():
            assert "/" not in word or (ROOT / word).exists(), word
    assert "activation" not in PIXI, "[activation.env] overrides the user's own settings"


@pytest.mark.parametrize("distro", WITH_PIXI)
def test_environments_have_what_the_packages_need(distro: str) -> None:
    """An environment of pixi has every dependency of every package.xml, of that distribution alone."""
    feature = PIXI["feature"][distro]
    assert feature["channels"] == [f"robostack-{distro}"] and distro in DISTROS
    present = set(PIXI["dependencies"]) | set(feature["dependencies"])
    for package in PACKAGES.values():
        kinds = (package.buildtool_depends, package.build_depends, package.exec_depends, package.test_depends)
        wanted = conda_names([need for kind in kinds for need in kind if need.name not in PACKAGES], distro)
        assert wanted <= present, f"pixi.toml lacks {wanted - present} of {package.name}"
    variant = yaml.safe_load((CONDA / f"variants/{distro}.yaml").read_text())
    assert [feature["dependencies"]["ros2-distro-mutex"]] == variant["ros2_distro_mutex"]
    of_ros = {name.removeprefix(f"ros-{distro}-") for name in feature["dependencies"]}
    jazzy = {name.removeprefix("ros-jazzy-") for name in PIXI["feature"]["jazzy"]["dependencies"]}
    assert of_ros == jazzy


def test_conda_and_mamba_get_the_same() -> None:
    """environment.yml lists what pixi's default environment has."""
    assert PIXI["environments"]["default"] == ["jazzy"]
    document = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert document["channels"] == [*PIXI["feature"]["jazzy"]["channels"], *PIXI["workspace"]["channels"]]
    wanted = PIXI["dependencies"] | PIXI["feature"]["jazzy"]["dependencies"]
    *lines, of_pip = document["dependencies"]
    assert {" ".join(f"{name} {version}".removesuffix(" *").split()) for name, version in wanted.items()} == set(lines)
    assert of_pip == {"pip": [f"{name}{version}" for name, version in PIXI["pypi-dependencies"].items()]}


def test_the_pins_are_those_of_pip() -> None:
    """What decides over lint, and the detector, has the version that the requirements pin."""
    pins = "".join((ROOT / f"requirements/{name}.txt").read_text() for name in ("dev", "run"))
    for name in ("ruff", "mypy"):
        assert f"{name}{PIXI['dependencies'][name]}\n" in pins
    assert f"pupil-apriltags{PIXI['pypi-dependencies']['pupil-apriltags']}" in pins


def test_the_workflow_builds_what_there_is() -> None:
    """The workflow knows only distributions and files that exist, and publishes tags alone."""
    text = (ROOT / ".github/workflows/conda.yml").read_text()
    workflow = yaml.safe_load(text)
    jobs = workflow["jobs"]
    distros = jobs["build"]["strategy"]["matrix"]["distro"]
    assert set(distros) == set(WITH_PIXI)
    for distro in distros:
        for path in re.findall(r"--variant-config (.+)", text):
            assert (ROOT / path.replace("${{ matrix.distro }}", distro)).exists()
    assert jobs["publish"]["if"] == "github.event_name == 'push'" and workflow[True]["push"] == {"tags": ["v*"]}
    assert "secrets." not in text and all("timeout-minutes" in job for job in jobs.values())


@pytest.mark.parametrize("path", sorted(CONDA.rglob("*.sh")), ids=lambda path: path.name)
def test_scripts_are_valid_shell(path: Path) -> None:
    """Each script parses; those that are sourced also in a shell that is not bash."""
    shell = "bash" if path.read_text().startswith("#!/usr/bin/env bash") else "sh"
    subprocess.run([shutil.which(shell) or shell, "-n", path], check=True)
