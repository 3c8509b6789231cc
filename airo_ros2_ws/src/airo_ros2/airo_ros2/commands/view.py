"""`airo-ros2 view`: shows cameras and tags in the browser."""

from __future__ import annotations

import argparse

from airo_ros2.commands.arguments import port, write_line

__all__ = ["HELP", "add_arguments", "run"]

HELP = "show cameras and tags in the browser"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="A", help="address to listen on (default 127.0.0.1: this machine alone)"
    )
    parser.add_argument("--port", type=port, default=8080, metavar="P", help="0 for any free one (default 8080)")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="further name of this machine in browsers"
    )
    parser.add_argument("--json", action="store_true", help="print the address as one JSON object and nothing else")


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    from airo_ros2.view import run_view

    return run_view(
        host=arguments.host,
        port=arguments.port,
        allowed_hosts=arguments.allow_host,
        as_json=arguments.json,
        write=write_line,
    )
