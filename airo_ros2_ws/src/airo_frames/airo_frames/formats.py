"""The registry of message classes: the smallest one that holds a frame is chosen here, never by hand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from airo_frames.encodings import encoding_named
from airo_frames.exceptions import FrameTooLargeError

__all__ = ["FrameFormat", "all_formats", "message_named", "smallest_format"]

_PACKAGE = "airo_camera_msgs"
_NAME = re.compile(r"^([A-Z][A-Za-z]*?)(\d+)x(\d+)$")


@dataclass(frozen=True)
class FrameFormat:
    """A message class for frames.

    Attributes:
        family: for example Image.
        size_wh: (width, height), px, of the largest rgb8 image it holds.
        msg_type: the message class.
        capacity: bytes of pixels that it holds.
    """

    family: str
    size_wh: tuple[int, int]
    msg_type: Any
    capacity: int

    @property
    def type_name(self) -> str:
        """Name of the message as in `ros2 topic info`, for example airo_camera_msgs/msg/Image640x480."""
        return f"{_PACKAGE}/msg/{self.msg_type.__name__}"


@cache
def all_formats(family: str = "Image") -> tuple[FrameFormat, ...]:
    """Return the message classes of a family, smallest first; msg_defs/formats.yaml defines them."""
    import airo_camera_msgs.msg

    found = []
    for name in dir(airo_camera_msgs.msg):
        match = _NAME.match(name)
        if match is not None and match[1] == family:
            msg_type: Any = getattr(airo_camera_msgs.msg, name)
            capacity = msg_type.SLOT_TYPES[list(msg_type.get_fields_and_field_types()).index("data")].size
            found.append(FrameFormat(family, (int(match[2]), int(match[3])), msg_type, capacity))
    return tuple(sorted(found, key=lambda frame_format: frame_format.capacity))


def smallest_format(size_wh: tuple[int, int], encoding: str, *, family: str = "Image") -> FrameFormat:
    """Return the smallest message class that holds an image.

    Args:
        size_wh: (width, height), px.
        encoding: one of airo_frames.encodings.ENCODINGS.
        family: of the message classes.

    Raises:
        EncodingError: the encoding is unknown.
        FrameTooLargeError: no class is large enough.
    """
    needed = encoding_named(encoding).image_bytes(size_wh)
    for frame_format in all_formats(family):
        if needed <= frame_format.capacity:
            return frame_format
    largest = all_formats(family)[-1]
    raise FrameTooLargeError(
        f"got a {size_wh[0]}x{size_wh[1]} {encoding} image of {needed} bytes: the largest {family} message holds "
        f"{largest.capacity} bytes ({largest.size_wh[0]}x{largest.size_wh[1]} rgb8); "
        "use a smaller image or add a resolution to msg_defs/formats.yaml"
    )


def message_named(type_name: str, *, family: str = "Image") -> FrameFormat | None:
    """Return the format of a type such as airo_camera_msgs/msg/Image640x480; None if it is no frame of the family."""
    return next((f for f in all_formats(family) if f.type_name == type_name), None)
