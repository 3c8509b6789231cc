"""`airo-ros2 top`: shows the streams of frames and tags."""

from __future__ import annotations

import argparse

from airo_ros2.commands.arguments import positive, write_line

__all__ = ["HELP", "add_arguments", "run"]

HELP = "show the streams of frames and tags that are published"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--once", action="store_true", help="measure for one interval, print and end")
    parser.add_argument(
        "--interval", type=positive, metavar="S", default=1.0, help="seconds between two tables (default 1)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per interval and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from airo_frames.interruption import Interruption

    with Interruption() as interruption:  # before ROS is loaded: Ctrl-C may come meanwhile
        from airo_ros2.top.run import TopOptions, run_top

        options = TopOptions(interval=arguments.interval, once=arguments.once, json=arguments.json)
        return run_top(options, interruption=interruption, write=write_line)
