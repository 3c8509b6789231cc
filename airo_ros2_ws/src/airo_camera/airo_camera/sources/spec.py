"""From the specification of a source, as users write it, to the source."""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

from airo_camera.exceptions import SourceSpecError
from airo_camera.sources.query import parse_options
from airo_camera.sources.source import Source

__all__ = ["ACCEPTED_SPECS", "VIDEO_SUFFIXES", "make_source", "with_options"]

ACCEPTED_SPECS = (
    "sim:",
    "sim:tags?tilt=30&...",
    "a file, folder or glob of images",
    "a video file",
    "recording:FOLDER",
    "an http://, https:// or rtsp:// URL",
    "airo:package.module.Class?argument=value&...",
    "/dev/videoN or /dev/v4l/by-id/...",
    "serial:NUMBER of a USB camera",
    "a device number",
)

VIDEO_SUFFIXES = frozenset(
    [".3gp", ".avi", ".flv", ".h264", ".h265", ".hevc", ".m2ts", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4"]
    + [".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".webm", ".wmv"]
)

OptionsT = TypeVar("OptionsT")

_DEVICE = re.compile(r"(?P<device>/dev/video\d+|/dev/v4l/by-(?:id|path)/[^?]+|serial:[^?]+|\d+)(?:\?(?P<query>.*))?")
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?P<rest>.*)", re.DOTALL)
_URL_SCHEMES = ("http", "https", "rtsp")


def make_source(spec: str, *, rate: float | None = None, loop: bool = False) -> Source:
    """Return the source that a specification names, not opened yet.

    Whether a file or device is there shows in open(). A backend is imported when a specification asks for it.

    Args:
        spec: one of ACCEPTED_SPECS. Options of a device follow a question mark: /dev/video0?width=1280&height=720.
        rate: images per second: the pace of files, what is asked of simulated cameras and devices; None leaves it to
            the source. A stream from a URL has its own pace.
        loop: start again at the end of the files or of the video.

    Raises:
        SourceSpecError: the specification or an option cannot be understood, or does not suit the source.
    """
    spec = spec.strip()
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise SourceSpecError(f"rate is {rate:g}: expected images per second, above 0")
    device = _DEVICE.fullmatch(spec)
    if device is not None:
        return _make_device(device["device"], device["query"] or "", spec=spec, rate=rate, loop=loop)
    scheme = _SCHEME.fullmatch(spec)
    if scheme is not None and scheme["scheme"].lower() == "sim":
        return _make_simulated(scheme["rest"], spec=spec, rate=rate, loop=loop)
    if scheme is not None and scheme["scheme"].lower() == "airo":
        return _make_airo(scheme["rest"], spec=spec, rate=rate, loop=loop)
    if scheme is not None and scheme["scheme"].lower() == "recording":
        return _make_recording(scheme["rest"], spec=spec, rate=rate, loop=loop)
    if scheme is not None and scheme["scheme"].lower() in _URL_SCHEMES:
        return _make_stream(spec, rate=rate, loop=loop)
    if not spec or (scheme is not None and not os.path.exists(spec)):
        raise SourceSpecError(f"cannot understand the source {spec!r}: expected {_accepted()}")
    return _make_files(spec, rate=rate, loop=loop)


def with_options(spec: str, options: Mapping[str, object]) -> str:
    """Return a specification with more options, for a simulated camera or a device.

    Args:
        spec: may have options already, but not the same ones.
        options: by name, for example width.

    Raises:
        SourceSpecError: the source takes no options, or has one of these already.
    """
    if not options:
        return spec
    scheme = _SCHEME.fullmatch(spec)
    if _DEVICE.fullmatch(spec) is None and (scheme is None or scheme["scheme"].lower() != "sim"):
        raise SourceSpecError(f"{spec!r} got {', '.join(options)}: expected it only with sim: and devices")
    query = spec.partition("?")[2]
    twice = {pair.partition("=")[0] for pair in query.split("&")} & options.keys()
    if twice:
        raise SourceSpecError(f"{spec!r}: {', '.join(sorted(twice))} is given twice: expected it once")
    return f"{spec}{'&' if query else '' if spec.endswith('?') else '?'}{urlencode(options)}"


def _accepted() -> str:
    return ", ".join(ACCEPTED_SPECS[:-1]) + " or " + ACCEPTED_SPECS[-1]


def _make_simulated(rest: str, *, spec: str, rate: float | None, loop: bool) -> Source:
    from airo_camera.sources.simulated import SimulatedSource
    from airo_camera.sources.simulated_options import SimulatedOptions

    scene, _, query = rest.partition("?")
    if scene not in ("", "tags"):
        raise SourceSpecError(f"{spec!r}: there is no scene {scene!r}: expected sim: or sim:tags")
    _refuse_loop(loop, spec=spec)
    return SimulatedSource(_with_rate(SimulatedOptions, query, spec=spec, rate=rate))


def _make_airo(rest: str, *, spec: str, rate: float | None, loop: bool) -> Source:
    from airo_camera.sources.airo_spec import make_airo_source

    _refuse_loop(loop, spec=spec)
    return make_airo_source(rest, spec=spec, rate=rate)


def _make_device(device: str, query: str, *, spec: str, rate: float | None, loop: bool) -> Source:
    from airo_camera.sources.device import DeviceOptions, DeviceSource

    _refuse_loop(loop, spec=spec)
    return DeviceSource(device, options=_with_rate(DeviceOptions, query, spec=spec, rate=rate))


def _make_stream(url: str, *, rate: float | None, loop: bool) -> Source:
    from airo_camera.sources.device import StreamSource

    _refuse_loop(loop, spec=url)
    if rate is not None:
        raise SourceSpecError(f"{url!r}: rate is {rate:g}: expected none, a stream has its own pace")
    return StreamSource(url)


def _make_recording(rest: str, *, spec: str, rate: float | None, loop: bool) -> Source:
    from airo_camera.sources.recording import RecordingOptions, RecordingSource

    folder, _, query = rest.partition("?")
    if not folder:
        raise SourceSpecError(f"{spec!r}: expected the folder of a recording behind the colon")
    return RecordingSource(folder, options=parse_options(RecordingOptions, query, spec=spec), rate=rate, loop=loop)


def _make_files(spec: str, *, rate: float | None, loop: bool) -> Source:
    path = Path(spec).expanduser()
    if path.suffix.lower() in VIDEO_SUFFIXES and not os.path.isdir(path):
        from airo_camera.sources.video import VideoSource

        return VideoSource(path, rate=rate, loop=loop)
    from airo_camera.sources.images import ImagesSource

    return ImagesSource(path, rate=rate, loop=loop)


def _with_rate(cls: type[OptionsT], query: str, *, spec: str, rate: float | None) -> OptionsT:
    """Return options whose fps is the rate, if one is given."""
    options = parse_options(cls, query, spec=spec)
    if rate is None:
        return options
    try:
        return dataclasses.replace(options, fps=rate)  # type: ignore[type-var]
    except SourceSpecError as error:
        raise SourceSpecError(f"{spec!r}: rate as {error}") from None


def _refuse_loop(loop: bool, *, spec: str) -> None:
    if loop:
        raise SourceSpecError(f"{spec!r}: loop is on: expected it only with image and video files")
