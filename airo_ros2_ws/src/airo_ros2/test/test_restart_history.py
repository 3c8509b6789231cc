"""When a process is started again, and when it is given up."""

from __future__ import annotations

from airo_ros2.bringup.config import RestartPolicy
from airo_ros2.bringup.restart_history import RestartHistory


def test_each_wait_is_longer() -> None:
    """At once, then twice as long each time, up to the longest; after the limit there is none."""
    history = RestartHistory(RestartPolicy(limit=5, within=100.0, first_wait=0.5, longest_wait=3.0))
    assert [history.wait_after_failure(float(at)) for at in range(6)] == [0.0, 0.5, 1.0, 2.0, 3.0, None]


def test_old_failures_do_not_count() -> None:
    """A process that fails now and then is never given up, and does not wait."""
    history = RestartHistory(RestartPolicy(limit=1, within=10.0, first_wait=0.5))
    assert [history.wait_after_failure(20.0 * at) for at in range(50)] == [0.0] * 50


def test_without_a_limit() -> None:
    """Limit 0 never gives up."""
    history = RestartHistory(RestartPolicy(limit=0, longest_wait=3.0))
    assert [history.wait_after_failure(0.0) for _ in range(2000)][-1] == 3.0


def test_a_new_beginning() -> None:
    """What is forgotten does not count."""
    history = RestartHistory(RestartPolicy(limit=2, first_wait=0.5))
    assert [history.wait_after_failure(0.0) for _ in range(2)] == [0.0, 0.5]
    history.forget()
    assert [history.wait_after_failure(0.0) for _ in range(2)] == [0.0, 0.5]
    assert history.wait_after_failure(0.0) is None
