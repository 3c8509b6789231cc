"""`airo-ros2 bench`: runs a benchmark of a checkout."""

from __future__ import annotations

import argparse

__all__ = ["HELP", "add_arguments", "run"]

HELP = "compare with others, from a checkout"
BENCHMARKS = (
    "transport",
    "acquisition",
    "scale",
    "tags",
    "tags_node",
    "recorder",
    "facade",
    "view",
    "relay",
)  # folders of benchmarks/


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("benchmark", choices=BENCHMARKS, help="what is measured")
    parser.add_argument("options", nargs=argparse.REMAINDER, metavar="...", help="of the benchmark; see its own help")


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from airo_ros2.bench import run_bench

    run_bench(arguments.benchmark, arguments.options)
