"""Types of arguments, and where commands write."""

from __future__ import annotations

import argparse
import sys

__all__ = ["EXIT_INTERRUPTED", "complain", "count", "intrinsics", "port", "positive", "tag_sizes", "write_line"]

EXIT_INTERRUPTED = 130


def write_line(line: str) -> None:
    """Write a line to stdout at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def complain(line: str) -> None:
    """Write a line to stderr."""
    sys.stderr.write(f"airo-ros2: {line}\n")


def positive(text: str) -> float:
    """Return a number above 0."""
    (value,) = _numbers(text, count=1, expected="a number above 0")
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"got {text}, expected a number above 0")
    return value


def count(text: str) -> int:
    """Return a whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text}, expected a whole number of at least 1")
    return int(text)


def port(text: str) -> int:
    """Return a port."""
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"got {text}, expected a port from 0 to 65535")
    return int(text)


def intrinsics(text: str) -> tuple[float, ...]:
    """Return fx, fy, cx, cy, px."""
    return _numbers(text, count=4, expected="four numbers fx,fy,cx,cy")


def tag_sizes(text: str) -> dict[str, float]:
    """Return sizes, m, by id or FAMILY:ID."""
    sizes = {}
    for part in text.split(","):
        name, equals, size = part.partition("=")
        if not (equals and name.strip()):
            raise argparse.ArgumentTypeError(f"got {text}, expected ID=M,ID=M, for example 4=0.05,tag36h11:7=0.08")
        sizes[name.strip()] = positive(size)
    return sizes


def _numbers(text: str, *, count: int, expected: str) -> tuple[float, ...]:
    try:
        values = tuple(float(number) for number in text.split(","))
    except ValueError:
        values = ()
    if len(values) != count:
        raise argparse.ArgumentTypeError(f"got {text}, expected {expected}")
    return values
