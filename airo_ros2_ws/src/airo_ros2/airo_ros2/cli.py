"""The `airo-ros2` command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from airo_ros2.exceptions import AiroRos2Error, ConfigError, ProcessEndedError

if TYPE_CHECKING:
    from airo_ros2.bringup.config import SetupConfig

__all__ = ["main"]

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run the command and return its exit status; an error is one line on stderr."""
    arguments = _parser().parse_args(argv)
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


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="airo-ros2", description="Zero-copy camera frames and AprilTag poses on ROS 2.")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_bringup(commands.add_parser("bringup", help="start cameras and tag_pose, and print the tags"))
    _add_detect(commands.add_parser("detect", help="find tags in image files, without ROS"))
    _add_doctor(commands.add_parser("doctor", help="check everything that sharing frames needs"))
    _add_clean(commands.add_parser("clean", help="remove what ended processes left in shared memory"))
    _add_top(commands.add_parser("top", help="show the streams of frames and tags that are published"))
    _add_view(commands.add_parser("view", help="show cameras and tags in the browser"))
    _add_bench(commands.add_parser("bench", help="compare ways to hand over frames, from a checkout"))
    return parser


def _add_bringup(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_bringup)
    parser.add_argument(
        "config", nargs="?", type=Path, metavar="CONFIG.yaml", help="set-up file; without one, one camera named camera"
    )
    parser.add_argument(
        "--source", metavar="SPEC", help="sim:, images, a video file, a URL, a device index, /dev/videoN (default sim:)"
    )
    parser.add_argument(
        "--tag-size", type=_positive, metavar="M", help="edge of the tags' black border, m (default 0.1)"
    )
    parser.add_argument("--family", metavar="F", help="tag family (default tag36h11)")
    parser.add_argument("--frames", type=_count, metavar="N", help="end after N frames of each camera")
    parser.add_argument("--duration", type=_positive, metavar="S", help="end after S seconds")
    parser.add_argument("--rate", type=_positive, metavar="HZ", help="images per second of a source of files")
    parser.add_argument("--loop", action="store_true", help="begin a source of files again at its end")
    parser.add_argument("--calibration", metavar="FILE", help="camera calibration, YAML in the camera_info format")
    parser.add_argument("--json", action="store_true", help="print one JSON object per frame and nothing else")
    parser.add_argument("--headless", action="store_true", help="serve no web view")


def _add_detect(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_detect)
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="image files, or folders of them")
    parser.add_argument(
        "--tag-size", type=_positive, metavar="M", help="edge of the tags' black border, m (default 0.1)", default=0.1
    )
    parser.add_argument("--family", metavar="F", default="tag36h11", help="tag family (default tag36h11)")
    parser.add_argument(
        "--intrinsics", type=_intrinsics, metavar="FX,FY,CX,CY", help="px; without them there are no poses"
    )
    parser.add_argument(
        "--decimate", type=_positive, metavar="D", default=1.0, help="search in an image D times smaller"
    )
    parser.add_argument("--backend", default="pupil", metavar="B", help="pupil (default) or pyapriltags")
    parser.add_argument("--json", action="store_true", help="print one JSON object per image")


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_doctor)
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def _add_clean(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_clean)
    parser.add_argument("--dry-run", action="store_true", help="remove nothing, say what would be removed")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def _add_top(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_top)
    parser.add_argument("--once", action="store_true", help="measure for one interval, print and end")
    parser.add_argument(
        "--interval", type=_positive, metavar="S", default=1.0, help="seconds between two tables (default 1)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per interval and nothing else")


def _add_view(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_view)
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="A", help="address to listen on (default 127.0.0.1: this machine alone)"
    )
    parser.add_argument("--port", type=_port, default=8080, metavar="P", help="0 for any free one (default 8080)")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="further name of this machine in browsers"
    )
    parser.add_argument("--json", action="store_true", help="print the address as one JSON object and nothing else")


def _add_bench(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_bench)
    parser.add_argument("benchmark", choices=["transport", "view"], help="what is measured")
    parser.add_argument("options", nargs=argparse.REMAINDER, metavar="...", help="of the benchmark; see its own help")


def _bringup(arguments: argparse.Namespace) -> int:
    from airo_ros2.bringup.run import BringupOptions, run_bringup

    options = BringupOptions(
        frames=arguments.frames, duration=arguments.duration, json=arguments.json, headless=arguments.headless
    )
    return run_bringup(_setup(arguments), options, write=_write)


def _setup(arguments: argparse.Namespace) -> SetupConfig:
    from airo_ros2.bringup.config import SetupConfig, read_config

    setup = SetupConfig() if arguments.config is None else read_config(arguments.config)
    if arguments.source is not None and len(setup.cameras) > 1:
        raise ConfigError(
            f"--source got {arguments.source} for {len(setup.cameras)} cameras: expected a set-up with one camera"
        )
    for_camera = {
        name: getattr(arguments, name) for name in ("source", "rate", "calibration") if getattr(arguments, name)
    }
    for_camera |= {"loop": True} if arguments.loop else {}
    for_tags = {"size": arguments.tag_size} if arguments.tag_size is not None else {}
    for_tags |= {"families": (arguments.family,)} if arguments.family is not None else {}
    cameras = [replace(camera, **for_camera) for camera in setup.cameras]
    return SetupConfig(tuple(replace(c, tags=replace(c.tags, **for_tags)) if c.tags else c for c in cameras))


def _detect(arguments: argparse.Namespace) -> int:
    from airo_ros2.detect import run_detect

    return run_detect(arguments, write=_write)


def _doctor(arguments: argparse.Namespace) -> int:
    from airo_ros2.doctor.run import run_doctor

    try:
        return run_doctor(as_json=arguments.json, write=_write)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


def _clean(arguments: argparse.Namespace) -> int:
    from airo_ros2.clean import run_clean

    return run_clean(dry_run=arguments.dry_run, as_json=arguments.json, write=_write)


def _top(arguments: argparse.Namespace) -> int:
    from airo_frames.interruption import Interruption

    with Interruption() as interruption:  # before ROS is loaded: Ctrl-C may come meanwhile
        from airo_ros2.top.run import TopOptions, run_top

        options = TopOptions(interval=arguments.interval, once=arguments.once, json=arguments.json)
        return run_top(options, interruption=interruption, write=_write)


def _view(arguments: argparse.Namespace) -> int:
    from airo_ros2.view import run_view

    return run_view(
        host=arguments.host,
        port=arguments.port,
        allowed_hosts=arguments.allow_host,
        as_json=arguments.json,
        write=_write,
    )


def _bench(arguments: argparse.Namespace) -> int:
    from airo_ros2.bench import run_bench

    run_bench(arguments.benchmark, arguments.options)


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _positive(text: str) -> float:
    (value,) = _numbers(text, count=1, expected="a number above 0")
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"got {text}, expected a number above 0")
    return value


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text}, expected a whole number of at least 1")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"got {text}, expected a port from 0 to 65535")
    return int(text)


def _intrinsics(text: str) -> tuple[float, ...]:
    return _numbers(text, count=4, expected="four numbers fx,fy,cx,cy")


def _numbers(text: str, *, count: int, expected: str) -> tuple[float, ...]:
    try:
        values = tuple(float(number) for number in text.split(","))
    except ValueError:
        values = ()
    if len(values) != count:
        raise argparse.ArgumentTypeError(f"got {text}, expected {expected}")
    return values


if __name__ == "__main__":
    sys.exit(main())
