"""What the server and a page say to each other over one WebSocket. No I/O.

To the page, binary: length of the head (uint32, little-endian), head (JSON), picture (JPEG). Text: JSON with a `type`.
To the server, text: JSON with a `type`, as the classes here.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airo_view.exceptions import RequestError

__all__ = ["MAX_REQUEST_BYTES", "Acknowledge", "Ping", "Record", "Watch", "frame_message", "parse_request"]

MAX_REQUEST_BYTES = 16384
MAX_CAMERAS = 64  # that one page can watch
MAX_WIDTH = 16384  # px
RECORD_ACTIONS = ("start", "stop", "snapshot")


@dataclass(frozen=True)
class Watch:
    """From now on the page shows these cameras and no others.

    Attributes:
        widths: px on the screen, by the camera's name.
    """

    widths: Mapping[str, int]


@dataclass(frozen=True)
class Acknowledge:
    """The page is done with a frame, and ready for another one of that camera."""

    camera: str


@dataclass(frozen=True)
class Ping:
    """The page wants to know the time.

    Attributes:
        id: comes back with the answer.
    """

    id: float


@dataclass(frozen=True)
class Record:
    """The page wants the recorder to do something.

    Attributes:
        recorder: its name.
        action: one of start, stop, snapshot.
    """

    recorder: str
    action: str


def frame_message(head: Mapping[str, Any], picture: bytes) -> bytes:
    """Return the binary message with a picture."""
    text = json.dumps(head, allow_nan=False, separators=(",", ":")).encode()
    return b"".join((struct.pack("<I", len(text)), text, picture))


def parse_request(text: str) -> Watch | Acknowledge | Ping | Record:
    """Return what a page says.

    Raises:
        RequestError: it is nothing that a page of ours says.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise RequestError("got no JSON") from None
    if not isinstance(content, dict):
        raise RequestError("got JSON without a type")
    kind = content.get("type")
    if kind == "watch":
        return Watch(_widths(content.get("cameras")))
    if kind == "ack":
        return Acknowledge(_text(content.get("camera")))
    if kind == "ping" and _is_number(content.get("id")):
        return Ping(content["id"])
    if kind == "record" and content.get("action") in RECORD_ACTIONS:
        return Record(_text(content.get("recorder")), content["action"])
    raise RequestError("got an unknown type, or one without what belongs to it")


def _widths(cameras: Any) -> dict[str, int]:
    if not isinstance(cameras, dict) or len(cameras) > MAX_CAMERAS:
        raise RequestError(f"got no cameras, or more than {MAX_CAMERAS}")
    for width in cameras.values():
        if not _is_number(width) or not 0 < width <= MAX_WIDTH:
            raise RequestError(f"got a width that is none, expected px up to {MAX_WIDTH}")
    return {name: int(width) for name, width in cameras.items()}


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise RequestError("got a name that is no text")
    return value


def _is_number(value: Any) -> bool:
    # JSON as Python reads it has NaN and Infinity, which a browser could not read again.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15
