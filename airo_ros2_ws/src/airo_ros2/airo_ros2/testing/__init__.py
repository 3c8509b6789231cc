"""For your own tests: a camera that does what a test tells it, and a ROS domain of the test's own.

Both are the real thing underneath: rclpy, Fast DDS and shared memory; only the pictures are made up.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from airo_ros2.testing.domain import private_domain

if TYPE_CHECKING:
    from airo_ros2.testing.fake_camera import FakeCamera

__all__ = ["FakeCamera", "private_domain"]


def __getattr__(name: str) -> Any:
    if name == "FakeCamera":
        return import_module("airo_ros2.testing.fake_camera").FakeCamera
    raise AttributeError(f"module 'airo_ros2.testing' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
