"""The soak itself, for a short time; `make soak-bringup` runs it at length."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Start = Callable[..., Any]


def test_killed_processes_come_back_and_others_lose_nothing(start: Start) -> None:
    """Each process of two cameras is killed twice, in random order, under load.

    Each stream goes on, no other loses a frame, and no process and no file in shared memory is left.
    """
    options = ("--each", "2", "--load", "1", "--cameras", "2", "--seed", "3")
    soak = start(Path(__file__).parent / "soak.py", *options)
    assert soak.wait() == 0, soak.output + soak.errors
    assert soak.output[-1].startswith("6 kills: back after ") and "others lost 0 of " in soak.output[-1]
