"""`airo-ros2 doctor`: checks everything that sharing frames needs."""

from __future__ import annotations

import argparse

from airo_ros2.commands.arguments import EXIT_INTERRUPTED, write_line

__all__ = ["HELP", "add_arguments", "run"]

HELP = "check everything that sharing frames needs"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from airo_ros2.doctor.run import run_doctor

    try:
        return run_doctor(as_json=arguments.json, write=write_line)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
