"""What processes take, and the lock of a set-up."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from airo_ros2.bringup.process_meter import ProcessMeter
from airo_ros2.bringup.setup_lock import SetupLock
from airo_ros2.exceptions import SetupRunningError


def test_what_this_process_takes() -> None:
    """Memory, threads and files are there; work shows as cpu time of one core."""
    meter = ProcessMeter()
    now = time.monotonic()
    first = meter.look(os.getpid(), now)
    assert first is not None and first.cpu_percent == 0.0
    assert first.memory_bytes > 1e6 and first.threads >= 1 and first.open_files >= 3
    busy = time.process_time()
    while time.process_time() - busy < 0.2:  # work, not waiting
        pass
    later = meter.look(os.getpid(), now + 0.4)
    assert later is not None and later.cpu_percent >= 40


def test_a_process_that_has_gone() -> None:
    """There is nothing to tell."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert ProcessMeter().look(gone.pid, 0.0) is None


def test_one_set_up_of_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one is refused, until the first has ended; other names and domains are free."""
    monkeypatch.setenv("ROS_DOMAIN_ID", "77")
    lock = SetupLock("lab")
    with pytest.raises(SetupRunningError, match="the set-up lab runs already in ROS domain 77"):
        SetupLock("lab")
    SetupLock("other").close()
    monkeypatch.setenv("ROS_DOMAIN_ID", "78")
    SetupLock("lab").close()
    monkeypatch.setenv("ROS_DOMAIN_ID", "77")
    lock.close()
    SetupLock("lab").close()
