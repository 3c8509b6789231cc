"""`airo-ros2 recover`: repairs MCAP files whose recording was cut off."""

from __future__ import annotations

import argparse
from pathlib import Path

from airo_ros2.commands.arguments import write_line

__all__ = ["HELP", "add_arguments", "run"]

HELP = "repair MCAP files whose recording was cut off"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="MCAP files, or folders of recordings")
    parser.add_argument("--json", action="store_true", help="print one JSON object per file")


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from airo_ros2.recover import run_recover

    return run_recover(arguments.paths, as_json=arguments.json, write=write_line)
