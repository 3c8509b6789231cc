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
BENCHMARKS = (
    "transport",
    "acquisition",
    "tags",
    "tags_node",
    "recorder",
    "facade",
    "view",
    "relay",
)  # folders of benchmarks/


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
    _add_camera(commands.add_parser("camera", help="look at, add, remove or change cameras of a running set-up"))
    _add_detect(commands.add_parser("detect", help="find tags in image files, without ROS"))
    _add_calibrate_bundle(
        commands.add_parser("calibrate-bundle", help="measure where the tags of a rigid body are, from image files")
    )
    _add_record(commands.add_parser("record", help="record running cameras and their tags"))
    _add_recover(commands.add_parser("recover", help="repair MCAP files whose recording was cut off"))
    _add_doctor(commands.add_parser("doctor", help="check everything that sharing frames needs"))
    _add_clean(commands.add_parser("clean", help="remove what ended processes left in shared memory"))
    _add_top(commands.add_parser("top", help="show the streams of frames and tags that are published"))
    _add_view(commands.add_parser("view", help="show cameras and tags in the browser"))
    _add_bench(commands.add_parser("bench", help="compare with others, from a checkout"))
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
    parser.add_argument("--quiet", action="store_true", help="print no tags")
    parser.add_argument("--restart", action="store_true", help="start again what fails, as with CONFIG.yaml")
    parser.add_argument("--check", action="store_true", help="start nothing; tell whether it could be started")


def _add_camera(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_camera)
    parser.add_argument("--setup", metavar="NAME", help="of the set-up, where several run")
    parser.add_argument("--timeout", type=_positive, metavar="S", default=10.0, help="for an answer (default 10)")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="verb", required=True)
    verbs.add_parser("list", help="tell how the cameras are doing").add_argument(
        "--json", action="store_true", help="print the whole status as one JSON object"
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
    parser.add_argument("--bundles", type=Path, metavar="FILE", help="bundle file: rigid bodies with several tags")
    parser.add_argument("--json", action="store_true", help="print one JSON object per image")


def _add_calibrate_bundle(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_calibrate_bundle)
    parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE", help="image files, or folders of them")
    parser.add_argument(
        "--tag-size", type=_positive, metavar="M", required=True, help="edge of the tags' black border, m"
    )
    parser.add_argument("--family", metavar="F", default="tag36h11", help="tag family (default tag36h11)")
    camera = parser.add_mutually_exclusive_group(required=True)
    camera.add_argument(
        "--intrinsics", type=_intrinsics, metavar="FX,FY,CX,CY", help="px, of a lens without distortion"
    )
    camera.add_argument("--calibration", metavar="FILE", help="camera calibration, YAML in the camera_info format")
    parser.add_argument("--output", type=Path, metavar="FILE", required=True, help="bundle file to write")
    parser.add_argument("--name", default="bundle", help="of the bundle (default bundle)")
    parser.add_argument("--frame", default="", help="of the body (default: the bundle's name)")
    parser.add_argument("--origin", metavar="FAMILY:ID", help="tag whose frame is the body's (default: the lowest id)")
    parser.add_argument("--backend", default="pyapriltags", metavar="B", help="pyapriltags (default) or pupil")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")


def _add_record(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_record)
    parser.add_argument(
        "--camera", action="append", metavar="NAME", help="record this one, repeatable (default camera)"
    )
    parser.add_argument("--duration", type=_positive, metavar="S", help="end after S seconds (default: Ctrl-C)")
    parser.add_argument("--output", metavar="DIR", help="where the folder of the recording goes (default recordings)")
    parser.add_argument("--format", metavar="F", help="mkv (default), mp4 or mcap")
    parser.add_argument("--codec", metavar="C", help="of videos: h264 (default), hevc, ffv1 (lossless) or mjpeg")
    parser.add_argument("--quality", type=int, metavar="Q", help="CRF, quantiser or JPEG quality")
    parser.add_argument("--preset", metavar="P", help="of h264 and hevc (default superfast)")
    parser.add_argument("--fps", type=_positive, metavar="HZ", help="video with a constant rate, gaps filled")
    parser.add_argument("--image", metavar="I", help="in MCAP: raw (default), jpeg or png")
    parser.add_argument("--depth", metavar="D", help="in MCAP: exact (default), mm or png (mm)")
    parser.add_argument(
        "--stream",
        action="append",
        metavar="S",
        help="of cameras with depth, repeatable: depth, confidence, right, cloud (default all), or image alone",
    )
    parser.add_argument("--compression", metavar="C", help="of MCAP: none, lz4 (default) or zstd")
    parser.add_argument(
        "--transform", action="append", metavar="T", help="crop=X,Y,W,H, resize=WxH, tags, module:function"
    )
    parser.add_argument("--no-tags", action="store_true", help="record frames only")
    parser.add_argument("--no-loss", action="store_true", help="wait for each frame: cameras in lockstep only")
    parser.add_argument("--json", action="store_true", help="print the summary as one JSON object and nothing else")


def _add_recover(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_recover)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="MCAP files, or folders of recordings")
    parser.add_argument("--json", action="store_true", help="print one JSON object per file")


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
    parser.add_argument("benchmark", choices=BENCHMARKS, help="what is measured")
    parser.add_argument("options", nargs=argparse.REMAINDER, metavar="...", help="of the benchmark; see its own help")


def _bringup(arguments: argparse.Namespace) -> int:
    if arguments.check:
        from airo_ros2.bringup.check import run_check

        return run_check(lambda: _setup(arguments), write=_write, complain=_complain)
    from airo_ros2.bringup.run import BringupOptions, run_bringup

    options = BringupOptions(
        frames=arguments.frames,
        duration=arguments.duration,
        json=arguments.json,
        quiet=arguments.quiet,
        headless=arguments.headless,
    )
    return run_bringup(_setup(arguments), options, write=_write)


def _camera(arguments: argparse.Namespace) -> int:
    from airo_ros2.bringup.camera_command import run_camera_command

    return run_camera_command(arguments, write=_write)


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


def _detect(arguments: argparse.Namespace) -> int:
    from airo_ros2.detect import run_detect

    return run_detect(arguments, write=_write)


def _calibrate_bundle(arguments: argparse.Namespace) -> int:
    from airo_ros2.calibrate_bundle import run_calibrate_bundle

    return run_calibrate_bundle(arguments, write=_write)


def _record(arguments: argparse.Namespace) -> int:
    from airo_frames.interruption import Interruption

    with Interruption() as interruption:  # before ROS is loaded: Ctrl-C may come meanwhile
        from airo_ros2.record.run import RecordOptions, run_record

        # Option and parameter of the recorder node; what was not given keeps the node's default.
        names = {
            "camera": "cameras",
            "output": "directory",
            "fps": "rate",
            "transform": "transforms",
            "stream": "streams",
        }
        same = ("format", "codec", "quality", "preset", "image", "depth", "compression")
        given = {
            parameter: getattr(arguments, option)
            for option, parameter in (names | dict(zip(same, same, strict=True))).items()
            if getattr(arguments, option) is not None
        }
        given |= {"tags": False} if arguments.no_tags else {}
        given |= {"no_loss": True} if arguments.no_loss else {}
        options = RecordOptions(given, duration=arguments.duration, json=arguments.json)
        return run_record(options, interruption=interruption, write=_write)


def _recover(arguments: argparse.Namespace) -> int:
    from airo_ros2.recover import run_recover

    return run_recover(arguments.paths, as_json=arguments.json, write=_write)


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


def _complain(line: str) -> None:
    sys.stderr.write(f"airo-ros2: {line}\n")


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
