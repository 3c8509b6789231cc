"""Running the benchmarks, which are part of a checkout and not of the installed distribution."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from airo_ros2.exceptions import AiroRos2Error

__all__ = ["BENCHMARKS", "BenchmarkMissingError", "run_bench"]

BENCHMARKS = Path(__file__).resolve().parents[4] / "benchmarks"


class BenchmarkMissingError(AiroRos2Error):
    """There are no benchmarks beside this installation."""


def run_bench(name: str, arguments: Sequence[str]) -> NoReturn:
    """Become a benchmark of the checkout that this package was installed from.

    Args:
        name: folder in benchmarks/.
        arguments: of the benchmark.

    Raises:
        BenchmarkMissingError: the package was not installed from a checkout.
    """
    if not (BENCHMARKS / name / "__main__.py").is_file():
        raise BenchmarkMissingError(
            f"there is no benchmark {name!r} in {BENCHMARKS}: it comes with a checkout; run `make bench` in one"
        )
    path = os.pathsep.join(filter(None, (str(BENCHMARKS), os.environ.get("PYTHONPATH"))))
    # In place of this process: signals then reach the benchmark, which ends the processes that it has started.
    os.execve(sys.executable, [sys.executable, "-m", name, *arguments], os.environ | {"PYTHONPATH": path})
