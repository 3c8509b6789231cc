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

__all__ = ["PRESET", "SUBJECTS", "Subject", "ffmpeg_path"]

PRESET = "superfast"


@dataclass(frozen=True)
class Subject:
    """One way to record.

    Attributes:
        title: for people.
        note: what is different.
        begin: starts the recorder, given the folder, the ROS domain and an end of a pipe for those that read one.
        ready: returns whether the recorder waits for frames.
        reads_pipe: it gets raw frames through a pipe, and ends with it; otherwise it reads /front/frame until SIGINT.
        missing: returns why it cannot take part; empty if it can.
    """

    title: str
    note: str
    begin: Callable[[Path, int, int | None], subprocess.Popen[bytes]]
    ready: Callable[[Path], bool] = lambda folder: True
    reads_pipe: bool = False
    missing: Callable[[], str] = lambda: ""


def ffmpeg_path() -> str:
    """Return the ffmpeg program of imageio-ffmpeg, a wheel."""
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def _ours(folder: Path, domain: int, pipe: int | None) -> subprocess.Popen[bytes]:
    parameters = {"cameras": "[front]", "directory": folder, "tags": "false", "preset": PRESET}
    given = [text for name, value in parameters.items() for text in ("-p", f"{name}:={value}")]
    arguments = ("--ros-args", "--log-level", "warn", *given)
    return start(sys.executable, "-m", "airo_recorder.node", *arguments, domain=domain)


def _ffmpeg(folder: Path, domain: int, pipe: int | None) -> subprocess.Popen[bytes]:
    codec = CODECS["h264"]
    options = codec.encoder_options(quality=-1, preset=PRESET)
    given = [text for name, value in options.items() for text in (f"-{name}", value)]
    size = f"{SIZE_WH[0]}x{SIZE_WH[1]}"
    read = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", f"{FPS:g}", "-i", "-")
    write = ("-c:v", codec.encoder, *given, "-pix_fmt", "yuv420p", "-force_key_frames", "expr:gte(t,n_forced)")
    command = (ffmpeg_path(), "-loglevel", "error", *read, *write, "-y", str(folder / "ffmpeg.mkv"))
    return start(*command, domain=domain, stdin=pipe)


def _opencv(folder: Path, domain: int, pipe: int | None) -> subprocess.Popen[bytes]:
    return start(sys.executable, "-m", "recorder.opencv_writer", folder / "opencv.mp4", domain=domain)


def _no_ffmpeg() -> str:
    return "" if importlib.util.find_spec("imageio_ffmpeg") else "imageio-ffmpeg is not installed: `make bench` does it"


SUBJECTS = {
    "ours": Subject(
        "airo_recorder",
        f"H.264, preset {PRESET}, from shared memory",
        _ours,
        lambda folder: any(folder.rglob("summary.json")),
    ),
    "ffmpeg": Subject(
        "ffmpeg command line",
        "the same encoder with the same settings, raw frames through a pipe",
        _ffmpeg,
        reads_pipe=True,
        missing=_no_ffmpeg,
    ),
    "opencv": Subject(
        "cv2.VideoWriter",
        "MPEG-4 part 2, as the wheel has no H.264 encoder; reads the same shared memory",
        _opencv,
        lambda folder: (folder / "opencv.mp4").exists(),
    ),
}
