"""`airo-ros2 detect`: finds tags in image files, without ROS."""

from __future__ import annotations

import argparse
from pathlib import Path

from airo_ros2.commands.arguments import intrinsics, positive, write_line

__all__ = ["HELP", "add_arguments", "run"]

HELP = "find tags in image files, without ROS"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="image files, or folders of them")
    parser.add_argument(
        "--tag-size", type=positive, metavar="M", help="edge of the tags' black border, m (default 0.1)", default=0.1
    )
    parser.add_argument("--family", metavar="F", default="tag36h11", help="tag family (default tag36h11)")
    parser.add_argument(
        "--intrinsics", type=intrinsics, metavar="FX,FY,CX,CY", help="px; without them there are no poses"
    )
    parser.add_argument(
        "--decimate", type=positive, metavar="D", default=1.0, help="search in an image D times smaller"
    )
    parser.add_argument("--backend", default="pupil", metavar="B", help="pupil (default) or pyapriltags")
    parser.add_argument("--bundles", type=Path, metavar="FILE", help="bundle file: rigid bodies with several tags")
    parser.add_argument("--json", action="store_true", help="print one JSON object per image")


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from airo_ros2.detect import run_detect

    return run_detect(arguments, write=write_line)
