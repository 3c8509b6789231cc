"""`airo-ros2 bringup`: starts cameras and tag_pose, and prints the tags."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from airo_ros2.commands.arguments import complain, count, positive, write_line
from airo_ros2.exceptions import ConfigError

if TYPE_CHECKING:
    from airo_ros2.bringup.config import SetupConfig

__all__ = ["HELP", "add_arguments", "run"]

HELP = "start cameras and tag_pose, and print the tags"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "config", nargs="?", type=Path, metavar="CONFIG.yaml", help="set-up file; without one, one camera named camera"
    )
    parser.add_argument(
        "--source", metavar="SPEC", help="sim:, images, a video file, a URL, a device index, /dev/videoN (default sim:)"
    )
    parser.add_argument(
        "--tag-size", type=positive, metavar="M", help="edge of the tags' black border, m (default 0.1)"
    )
    parser.add_argument("--family", metavar="F", help="tag family (default tag36h11)")
    parser.add_argument("--frames", type=count, metavar="N", help="end after N frames of each camera")
    parser.add_argument("--duration", type=positive, metavar="S", help="end after S seconds")
    parser.add_argument("--rate", type=positive, metavar="HZ", help="images per second of a source of files")
    parser.add_argument("--loop", action="store_true", help="begin a source of files again at its end")
    parser.add_argument("--calibration", metavar="FILE", help="camera calibration, YAML in the camera_info format")
    parser.add_argument("--json", action="store_true", help="print one JSON object per frame and nothing else")
    parser.add_argument("--headless", action="store_true", help="serve no web view")
    parser.add_argument("--quiet", action="store_true", help="print no tags")
    parser.add_argument("--restart", action="store_true", help="start again what fails, as with CONFIG.yaml")
    parser.add_argument("--check", action="store_true", help="start nothing; tell whether it could be started")


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    if arguments.check:
        from airo_ros2.bringup.check import run_check

        return run_check(lambda: _setup(arguments), write=write_line, complain=complain)
    from airo_ros2.bringup.run import BringupOptions, run_bringup

    options = BringupOptions(
        frames=arguments.frames,
        duration=arguments.duration,
        json=arguments.json,
        quiet=arguments.quiet,
        headless=arguments.headless,
    )
    return run_bringup(_setup(arguments), options, write=write_line)


def _setup(arguments: argparse.Namespace) -> SetupConfig:
    from airo_ros2.bringup.config import LogPolicy, RestartPolicy, SetupConfig
    from airo_ros2.bringup.config_file import read_config
    from airo_ros2.bringup.node_kinds import CAMERA, TAGS

    setup = SetupConfig() if arguments.config is None else read_config(arguments.config)
    if arguments.source is not None and len(setup.cameras) > 1:
        raise ConfigError(
            f"--source got {arguments.source} for {len(setup.cameras)} cameras: expected a set-up with one camera"
        )
    if arguments.restart and setup.restart is None:
        setup = replace(setup, restart=RestartPolicy(), logs=setup.logs or LogPolicy())
    for_camera = {
        name: getattr(arguments, name) for name in ("source", "rate", "calibration") if getattr(arguments, name)
    }
    for_camera |= {"loop": True} if arguments.loop else {}
    for_tags = {"tag_size": arguments.tag_size} if arguments.tag_size is not None else {}
    for_tags |= {"families": [arguments.family]} if arguments.family is not None else {}
    cameras = (camera.with_parameters(CAMERA.key, **for_camera) for camera in setup.cameras)
    return replace(setup, cameras=tuple(c.with_parameters(TAGS.key, **for_tags) if c.has_tags else c for c in cameras))
