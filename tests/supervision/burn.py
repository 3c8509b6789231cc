"""Computes without end, as encoders and viewers do on a busy machine: run by airo_ros2.bringup.child."""

from __future__ import annotations


def main() -> int:
    """Compute until this process is ended."""
    while True:
        sum(range(10000))
