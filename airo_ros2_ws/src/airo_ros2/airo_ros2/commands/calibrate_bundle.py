"""`airo-ros2 calibrate-bundle`: measures where the tags of a rigid body are."""

from __future__ import annotations

import argparse
from pathlib import Path

from airo_ros2.commands.arguments import intrinsics, positive, tag_sizes, write_line

__all__ = ["HELP", "add_arguments", "run"]

HELP = "measure where the tags of a rigid body are, from image files"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="image files, or folders of them")
    parser.add_argument(
        "--tag-size", type=positive, metavar="M", help="edge of the black border of every tag without another size, m"
    )
    parser.add_argument(
        "--tag-sizes", type=tag_sizes, metavar="ID=M,...", default={}, help="of single tags, by id or FAMILY:ID"
    )
    parser.add_argument("--family", metavar="F", default="tag36h11", help="tag family (default tag36h11)")
    camera = parser.add_mutually_exclusive_group(required=True)
    camera.add_argument("--intrinsics", type=intrinsics, metavar="FX,FY,CX,CY", help="px, of a lens without distortion")
    camera.add_argument("--calibration", metavar="FILE", help="camera calibration, YAML in the camera_info format")
    parser.add_argument("--output", type=Path, metavar="FILE", required=True, help="bundle file to write")
    parser.add_argument("--name", default="bundle", help="of the bundle (default bundle)")
    parser.add_argument("--frame", default="", help="of the body (default: the bundle's name)")
    parser.add_argument("--origin", metavar="FAMILY:ID", help="tag whose frame is the body's (default: the lowest id)")
    parser.add_argument("--backend", default="pyapriltags", metavar="B", help="pyapriltags (default) or pupil")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from airo_ros2.calibrate_bundle import run_calibrate_bundle

    return run_calibrate_bundle(arguments, write=write_line)
