"""Who records: each is a process that gets the same frames at the same rate."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from airo_recorder.codecs import CODECS
from recorder.pictures import FPS, SIZE_WH
from recorder.processes import start

__all__ = ["MARK", "PRESET", "SUBJECTS", "Subject", "ffmpeg_path"]

PRESET = "superfast"
MARK = "started"  # file in the folder of a measurement, made with its first frame
Started = tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]  # the recorder, and the camera


@dataclass(frozen=True)
class Subject:
    """One way to record.

    Attributes:
        title: for people.
        note: what is different.
        begin: starts recorder and camera, given the frames, the folder, the seconds and the ROS domain.
        missing: returns why it cannot take part; empty if it can.
    """

    title: str
    note: str
    begin: Callable[[Path, Path, float, int], Started]
    missing: Callable[[], str] = lambda: ""


def ffmpeg_path() -> str:
    """Return the ffmpeg program of imageio-ffmpeg, a wheel."""
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def _feeder(
    pictures: Path, folder: Path, kind: str, secs: float, domain: int, stdout: int | None = None
) -> subprocess.Popen[bytes]:
    command = (sys.executable, "-m", "recorder.feeder", pictures, kind, str(secs), folder / MARK)
    return start(*command, domain=domain, stdout=stdout)


def _ours(pictures: Path, folder: Path, secs: float, domain: int) -> Started:
    parameters = {"cameras": "[front]", "directory": folder, "tags": "false", "preset": PRESET}
    given = [text for name, value in parameters.items() for text in ("-p", f"{name}:={value}")]
    arguments = ("--ros-args", "--log-level", "warn", *given)
    recorder = start(sys.executable, "-m", "airo_recorder.node", *arguments, domain=domain)
    return recorder, _feeder(pictures, folder, "topic", secs, domain)


def _ffmpeg(pictures: Path, folder: Path, secs: float, domain: int) -> Started:
    codec = CODECS["h264"]
    options = codec.encoder_options(quality=-1, preset=PRESET)
    given = [text for name, value in options.items() for text in (f"-{name}", value)]
    size = f"{SIZE_WH[0]}x{SIZE_WH[1]}"
    feeder = _feeder(pictures, folder, "pipe", secs, domain, stdout=subprocess.PIPE)
    assert feeder.stdout is not None
    read = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", f"{FPS:g}", "-i", "-")
    write = ("-c:v", codec.encoder, *given, "-pix_fmt", "yuv420p", "-force_key_frames", "expr:gte(t,n_forced)")
    recorder = start(
        ffmpeg_path(),
        "-loglevel",
        "error",
        *read,
        *write,
        "-y",
        folder / "ffmpeg.mkv",
        domain=domain,
        stdin=feeder.stdout.fileno(),
    )
    feeder.stdout.close()
    return recorder, feeder


def _opencv(pictures: Path, folder: Path, secs: float, domain: int) -> Started:
    recorder = start(sys.executable, "-m", "recorder.opencv_writer", folder / "opencv.mp4", domain=domain)
    return recorder, _feeder(pictures, folder, "topic", secs, domain)


def _no_ffmpeg() -> str:
    return "" if importlib.util.find_spec("imageio_ffmpeg") else "imageio-ffmpeg is not installed: `make bench` does it"


SUBJECTS = {
    "ours": Subject("airo_recorder", f"H.264, preset {PRESET}, from shared memory", _ours),
    "ffmpeg": Subject(
        "ffmpeg command line", "the same encoder with the same settings, raw frames through a pipe", _ffmpeg, _no_ffmpeg
    ),
    "opencv": Subject(
        "cv2.VideoWriter", "MPEG-4 part 2, as the wheel has no H.264 encoder; reads the same shared memory", _opencv
    ),
}
