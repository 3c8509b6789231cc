"""Runs the tests of safety at length and prints a line per fault: `make soak ARGS="--minutes 30"`. Ctrl-C ends it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent
MINUTES_VARIABLE = "SAFETY_SOAK_MINUTES"  # read by conftest.py


def main() -> int:
    """Run, and return the exit status of pytest."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=15.0, help="at most, about; default %(default)s")
    parser.add_argument("--only", default="", metavar="EXPRESSION", help="as -k of pytest, for example 'killed'")
    given = parser.parse_args()
    if given.minutes <= 0:
        parser.error(f"got --minutes {given.minutes:g}: expected more than 0")
    os.environ[MINUTES_VARIABLE] = str(given.minutes)
    os.chdir(FOLDER.parent.parent)
    return int(pytest.main([str(FOLDER), "--verbose", "-k", given.only]))


if __name__ == "__main__":
    sys.exit(main())
