"""Fixtures for pytest: `pytest_plugins = ["airo_ros2.testing.fixtures"]` in your conftest.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airo_ros2.testing.domain import private_domain
from airo_ros2.testing.fake_camera import FakeCamera

__all__ = ["fake_camera", "private_ros_domain"]


@pytest.fixture
def private_ros_domain() -> Iterator[int]:
    """Give the number of a ROS domain of the test's own, in which all its processes talk."""
    with private_domain() as number:
        yield number


@pytest.fixture
def fake_camera(private_ros_domain: int) -> Iterator[FakeCamera]:
    """Give a FakeCamera named camera, with 30 images per second."""
    with FakeCamera() as camera:
        yield camera
