"""The core of airo_camera needs no ROS, and imports a backend only when it is used."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys

import pytest

import airo_camera.sources

CORE = sorted(f"airo_camera.sources.{each.name}" for each in pkgutil.iter_modules(airo_camera.sources.__path__))


def imported_by(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has imported after running some code."""
    script = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_core_imports_no_ros() -> None:
    """Sources and calibration work where rclpy is not installed."""
    modules = ", ".join([*CORE, "airo_camera.calibration", "airo_camera.exceptions"])
    assert not {"rclpy", "airo_camera_msgs", "rosidl_parser"} & imported_by(f"import {modules}")


def test_backends_are_imported_when_used() -> None:
    """Making a source imports its backend and no other."""
    imported = imported_by("from airo_camera.sources.spec import make_source\nmake_source('folder')")
    assert "airo_camera.sources.images" in imported
    assert not {f"airo_camera.sources.{name}" for name in ("simulated", "video", "device")} & imported
    assert "cv2" not in imported_by("import airo_camera.sources.spec")


@pytest.mark.parametrize("name", [*CORE, "airo_camera.calibration", "airo_camera.exceptions"])
def test_public_names_are_listed(name: str) -> None:
    """Each module lists its public names in order, and they all exist with a docstring."""
    module = importlib.import_module(name)
    assert module.__all__ == sorted(module.__all__)
    own = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_") and getattr(value, "__module__", None) == name
    }
    assert own - {"OptionsT"} <= set(module.__all__)
    assert all(getattr(module, key).__doc__ for key in module.__all__)
