"""How much the tests of safety do, what they tell, and the two programs that they start."""

from __future__ import annotations

import itertools
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # numbered and checked_reader, under every import mode of pytest

MINUTES_VARIABLE = "SAFETY_SOAK_MINUTES"  # set by soak.py
_findings: list[str] = []


class Effort:
    """How often a test repeats what it does: a little in `make test`, much and for a bounded time in `make soak`."""

    def __init__(self) -> None:
        self.minutes = float(os.environ.get(MINUTES_VARIABLE, 0))

    @property
    def is_soak(self) -> bool:
        """Whether this is `make soak`."""
        return self.minutes > 0

    def rounds(self, few: int, *, soak: int | None, share: float) -> Iterator[int]:
        """Count from 1 to `few`; in a soak to `soak`, or until its share of the time has passed."""
        ends = time.monotonic() + share * self.minutes * 60
        for number in itertools.count(1):
            is_over = number > few if not self.is_soak else soak is not None and number > soak
            if is_over or (self.is_soak and number > 1 and time.monotonic() > ends):
                return
            yield number


@pytest.fixture
def effort() -> Effort:
    """Give how often to repeat."""
    return Effort()


@pytest.fixture
def tell(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Give a function that adds a line to the summary."""
    return lambda line: _findings.append(f"{request.node.name.removeprefix('test_')}: {line}")


@pytest.fixture
def start_writer(start: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function that starts writer.py and waits until it has its publisher."""

    def start_one(*arguments: str, **options: Any) -> Any:
        writer = start(Path(__file__).with_name("writer.py"), *arguments, **options)
        writer.expect("ready")
        return writer

    return start_one


@pytest.fixture
def start_reader(start: Callable[..., Any]) -> Callable[..., Any]:
    """Give a function that starts reader.py and waits until it reads."""

    def start_one(*arguments: str, **options: Any) -> Any:
        reader = start(Path(__file__).with_name("reader.py"), *arguments, **options)
        reader.expect("ready")
        return reader

    return start_one


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what the tests found, one line each."""
    if _findings:
        terminalreporter.section("safety")
        for line in _findings:
            terminalreporter.write_line(line)
