"""Tests of airo_ros2.domains."""

from __future__ import annotations

from airo_ros2.domains import cameras_in_domain, domains_in_use
from airo_ros2.testing import FakeCamera


def test_a_running_participant_shows_its_domain(domain: int) -> None:
    """The domain of a process can be told from outside, and its cameras by joining it; not after it has ended."""
    with FakeCamera("front"):
        assert domain in domains_in_use()
        assert cameras_in_domain(domain, timeout=30.0) == ["front"]
    assert domain not in domains_in_use()
