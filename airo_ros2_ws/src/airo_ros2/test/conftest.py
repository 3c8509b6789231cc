"""Fixtures of the facade's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from airo_ros2 import shutdown


@pytest.fixture
def domain(ros_domain: int) -> Iterator[int]:
    """Give a ROS domain of the test's own, which the facade leaves at the end; nothing may stay in shared memory."""
    yield ros_domain
    shutdown()
