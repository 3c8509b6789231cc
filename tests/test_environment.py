"""Tests of AMENT_PREFIX_PATH in the environment that `make setup` makes."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys

import pytest

PRINT_PREFIX_PATH = "import os; print(os.environ['AMENT_PREFIX_PATH'])"


@pytest.fixture(autouse=True)
def pip_environment() -> None:
    """Skip where the packages do not come from pip and somebody sources a file."""
    try:
        importlib.metadata.distribution("airo-ros2")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the distribution airo-ros2 is not installed")


@pytest.mark.parametrize("value", [None, ""])
def test_prefix_path_is_the_environment_unless_it_is_set(value: str | None) -> None:
    """Without a sourced file every Python program of the environment sees it as its ament prefix."""
    assert prefix_path_given(value) == sys.prefix


def test_prefix_path_of_the_user_stays() -> None:
    """What the user has set is not touched."""
    assert prefix_path_given("/opt/ros/jazzy") == "/opt/ros/jazzy"


def prefix_path_given(value: str | None) -> str:
    """Return AMENT_PREFIX_PATH in a new Python process that is started with a value of it."""
    environment = {name: text for name, text in os.environ.items() if name != "AMENT_PREFIX_PATH"}
    if value is not None:
        environment["AMENT_PREFIX_PATH"] = value
    command = [sys.executable, "-c", PRINT_PREFIX_PATH]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()
