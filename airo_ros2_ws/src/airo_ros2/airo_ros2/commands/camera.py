"""`airo-ros2 camera`: looks at, adds, removes or changes cameras of a running set-up."""

from __future__ import annotations

import argparse

from airo_ros2.commands.arguments import positive, write_line

__all__ = ["HELP", "add_arguments", "run"]

HELP = "look at, add, remove or change cameras of a running set-up"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument("--setup", metavar="NAME", help="of the set-up, where several run")
    parser.add_argument("--timeout", type=positive, metavar="S", default=10.0, help="for an answer (default 10)")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="verb", required=True)
    verbs.add_parser("list", help="tell how the cameras are doing").add_argument(
        "--json", action="store_true", help="print the whole status as one JSON object"
    )
    verbs.add_parser("devices", help="tell which cameras are plugged in, and their formats").add_argument(
        "--json", action="store_true", help="print one JSON object"
    )
    add = verbs.add_parser("add", help="start one more camera")
    change = verbs.add_parser("set", help="change a camera; only what it concerns is started anew")
    remove = verbs.add_parser("remove", help="end a camera")
    restart = verbs.add_parser("restart", help="start a camera anew, also one that was given up")
    for verb in (add, change, remove, restart):
        verb.add_argument("name", metavar="NAME", help="of the camera")
    add.add_argument("source", metavar="SPEC", help="what it reads")
    for verb in (add, change):
        verb.add_argument(
            "settings",
            nargs="*",
            metavar="KEY=VALUE",
            help="as in a set-up file, e.g. depth=8 tags.size=0.08 tags=false",
        )


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    if arguments.verb == "devices":
        from airo_ros2.devices import run_devices

        return run_devices(as_json=arguments.json, write=write_line)
    from airo_ros2.bringup.camera_command import run_camera_command

    return run_camera_command(arguments, write=write_line)
