"""A process that computes without end, in place of encoders and viewers: run by airo_ros2.bringup.child."""

from __future__ import annotations

__all__ = ["main"]


def main() -> int:
    """Compute until this process is ended."""
    while True:
        sum(range(10000))
