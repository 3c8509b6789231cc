"""Types of arguments that the benchmarks' command lines have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable

__all__ = ["count", "some_of"]


def some_of(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Return a type of argument: some of the known names, separated by commas."""

    def parse(text: str) -> list[str]:
        names = text.split(",")
        unknown = [name for name in names if name not in known]
        if unknown:
            raise argparse.ArgumentTypeError(f"got {', '.join(unknown)}, expected some of {', '.join(known)}")
        return names

    return parse


def count(text: str) -> int:
    """Return a whole number of at least 1, or raise ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text}, expected a whole number of at least 1")
    return int(text)
