"""`airo-ros2 record`: records running cameras and their tags."""

from __future__ import annotations

import argparse

from airo_ros2.commands.arguments import positive, write_line

__all__ = ["HELP", "add_arguments", "run"]

HELP = "record running cameras and their tags"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.add_argument(
        "--camera", action="append", metavar="NAME", help="record this one, repeatable (default camera)"
    )
    parser.add_argument("--duration", type=positive, metavar="S", help="end after S seconds (default: Ctrl-C)")
    parser.add_argument("--output", metavar="DIR", help="where the folder of the recording goes (default recordings)")
    parser.add_argument("--format", metavar="F", help="mkv (default), mp4 or mcap")
    parser.add_argument("--codec", metavar="C", help="of videos: h264 (default), hevc, ffv1 (lossless) or mjpeg")
    parser.add_argument("--quality", type=int, metavar="Q", help="CRF, quantiser or JPEG quality")
    parser.add_argument("--preset", metavar="P", help="of h264 and hevc (default superfast)")
    parser.add_argument("--fps", type=positive, metavar="HZ", help="video with a constant rate, gaps filled")
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


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
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
        return run_record(options, interruption=interruption, write=write_line)
