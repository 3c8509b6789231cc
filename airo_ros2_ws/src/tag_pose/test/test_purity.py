"""The core of the package works without ROS, and its modules say what is public."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

CORE = [
    "tag_pose.backends",
    "tag_pose.backends.native",
    "tag_pose.backends.pupil",
    "tag_pose.backends.pyapriltags",
    "tag_pose.covariance",
    "tag_pose.detect",
    "tag_pose.detection_json",
    "tag_pose.detector",
    "tag_pose.detector_settings",
    "tag_pose.exceptions",
    "tag_pose.gray",
    "tag_pose.observation",
    "tag_pose.planar",
    "tag_pose.pose",
    "tag_pose.tagger",
]


def test_core_imports_without_ros_and_without_detector_libraries() -> None:
    """Nothing of ROS is needed; the libraries wait until a detector opens them."""
    program = f"""
import sys
for missing in ("rclpy", "pupil_apriltags", "pyapriltags"):
    sys.modules[missing] = None
for module in {CORE!r}:
    __import__(module)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("module_name", CORE)
def test_public_names_have_docstrings(module_name: str) -> None:
    """Every name in __all__ exists; classes and functions explain themselves."""
    module = importlib.import_module(module_name)
    assert module.__doc__
    for name in module.__all__:
        public = getattr(module, name)
        assert not callable(public) or public.__doc__, name
