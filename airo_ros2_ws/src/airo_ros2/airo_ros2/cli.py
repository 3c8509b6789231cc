"""The `airo-ros2` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from airo_ros2.commands import (
    bench,
    bringup,
    calibrate_bundle,
    camera,
    clean,
    detect,
    doctor,
    record,
    recover,
    top,
    view,
)
from airo_ros2.exceptions import AiroRos2Error, ProcessEndedError

__all__ = ["command_parser", "main"]

EXIT_FAILED = 1
EXIT_USAGE = 2
COMMANDS = (bringup, camera, detect, calibrate_bundle, record, recover, doctor, clean, top, view, bench)


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status; an error is one line on stderr."""
    arguments = command_parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = arguments.run
    try:
        return run(arguments)
    except ProcessEndedError as error:
        if not error.has_said_why:
            sys.stderr.write(f"airo-ros2: {error}\n")
        return EXIT_FAILED
    except AiroRos2Error as error:
        sys.stderr.write(f"airo-ros2: {error}\n")
        return EXIT_USAGE if isinstance(error, ValueError) else EXIT_FAILED
    except BrokenPipeError:  # whoever read our output has enough
        sys.stderr.close()
        return 0


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{self.prog}: {message}; see {self.prog} --help\n")


def command_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line; `run` of what it parses is the function that does it."""
    parser = _Parser(prog="airo-ros2", description="Zero-copy camera frames and AprilTag poses on ROS 2.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        name = command.__name__.rpartition(".")[2].replace("_", "-")
        command_parser = commands.add_parser(name, help=command.HELP)
        command_parser.set_defaults(run=command.run)
        command.add_arguments(command_parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
