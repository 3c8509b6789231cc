"""`airo-ros2 clean`: removes what ended processes left in shared memory."""

from __future__ import annotations

import argparse

from airo_ros2.commands.arguments import write_line

__all__ = ["HELP", "add_arguments", "run"]

HELP = "remove what ended processes left in shared memory"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--dry-run", action="store_true", help="remove nothing, say what would be removed")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from airo_ros2.clean import run_clean

    return run_clean(dry_run=arguments.dry_run, as_json=arguments.json, write=write_line)
