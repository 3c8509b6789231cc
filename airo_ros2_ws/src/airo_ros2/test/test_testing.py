"""Tests of airo_ros2.testing, as its users have it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from airo_ros2.testing import private_domain

USERS_TEST = """
from airo_ros2 import Camera

pytest_plugins = ["airo_ros2.testing.fixtures"]

def test_mean(fake_camera):
    with Camera("camera") as camera:
        camera.grab_images()
        assert camera.retrieve_rgb_image_as_int().mean() == camera.sequence

def test_domain(private_ros_domain):
    import os
    assert os.environ["ROS_DOMAIN_ID"] == str(private_ros_domain)
"""


def test_domains_are_private_and_the_environment_is_restored() -> None:
    """Two blocks at once have different domains; afterwards the variables are as before."""
    before = dict(os.environ)
    with private_domain() as one, private_domain() as other:
        assert one != other
        assert os.environ["ROS_DOMAIN_ID"] == str(other)
    for name in ("ROS_DOMAIN_ID", "ROS_AUTOMATIC_DISCOVERY_RANGE"):
        assert os.environ.get(name) == before.get(name)


def test_fixtures_for_users(tmp_path: Path) -> None:
    """A test of a user's own finds the fixtures and a camera that runs, in its ordinary pytest."""
    (tmp_path / "test_mine.py").write_text(USERS_TEST)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
