"""The registry of message classes: the smallest one that holds a frame is chosen here, never by hand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from airo_frames.encodings import encoding_named
from airo_frames.exceptions import FrameTooLargeError

__all__ = [
    "FRAME_FAMILIES",
    "POINT_CLOUD_FAMILY",
    "FrameFormat",
    "all_formats",
    "message_named",
    "smallest_cloud_format",
    "smallest_format",
]

FRAME_FAMILIES = ("Image", "Rgbd", "StereoRgbd")
POINT_CLOUD_FAMILY = "PointCloud"

_PACKAGE = "airo_camera_msgs"
_NAME = re.compile(r"^([A-Z][A-Za-z]*?)(\d+)x(\d+)$")


@dataclass(frozen=True)
class FrameFormat:
    """A message class for frames or point clouds.

    Attributes:
        family: Image, Rgbd, StereoRgbd or PointCloud.
        size_wh: (width, height), px, of the largest rgb8 image it holds.
        msg_type: the message class.
        capacity: bytes of pixels, or of a cloud's points, that it holds.
    """

    family: str
    size_wh: tuple[int, int]
    msg_type: Any
    capacity: int

    @property
    def type_name(self) -> str:
        """Name of the message as in `ros2 topic info`, for example airo_camera_msgs/msg/Image640x480."""
        return f"{_PACKAGE}/msg/{self.msg_type.__name__}"

    @property
    def pixels(self) -> int:
        """Depths, or points of a cloud, that it holds."""
        return self.size_wh[0] * self.size_wh[1]

    def holds(self, size_wh: tuple[int, int], encoding: str) -> bool:
        """Return whether an image, and the depth of each of its pixels in families that have it, fit."""
        has_room_for_depth = self.family == "Image" or size_wh[0] * size_wh[1] <= self.pixels
        return has_room_for_depth and encoding_named(encoding).image_bytes(size_wh) <= self.capacity


@cache
def all_formats(family: str = "Image") -> tuple[FrameFormat, ...]:
    """Return the message classes of a family, smallest first; msg_defs/formats.yaml defines them."""
    import airo_camera_msgs.msg

    payload = "points" if family == POINT_CLOUD_FAMILY else "data"
    found = []
    for name in dir(airo_camera_msgs.msg):
        match = _NAME.match(name)
        if match is not None and match[1] == family:
            msg_type: Any = getattr(airo_camera_msgs.msg, name)
            count = msg_type.SLOT_TYPES[list(msg_type.get_fields_and_field_types()).index(payload)].size
            capacity = count * 4 if family == POINT_CLOUD_FAMILY else count
            found.append(FrameFormat(family, (int(match[2]), int(match[3])), msg_type, capacity))
    return tuple(sorted(found, key=lambda frame_format: frame_format.capacity))


def smallest_format(size_wh: tuple[int, int], encoding: str, *, family: str = "Image") -> FrameFormat:
    """Return the smallest message class that holds an image.

    Args:
        size_wh: (width, height), px.
        encoding: one of airo_frames.encodings.ENCODINGS.
        family: one of FRAME_FAMILIES.

    Raises:
        EncodingError: the encoding is unknown.
        FrameTooLargeError: no class is large enough.
    """
    for frame_format in all_formats(family):
        if frame_format.holds(size_wh, encoding):
            return frame_format
    largest = all_formats(family)[-1]
    depth = "" if family == "Image" else f" with {size_wh[0] * size_wh[1]} depths"
    raise FrameTooLargeError(
        f"got a {size_wh[0]}x{size_wh[1]} {encoding} image of {encoding_named(encoding).image_bytes(size_wh)} bytes"
        f"{depth}: the largest {family} message holds "
        f"{largest.capacity} bytes ({largest.size_wh[0]}x{largest.size_wh[1]} rgb8); "
        "use a smaller image or add a resolution to msg_defs/formats.yaml"
    )


def smallest_cloud_format(count: int) -> FrameFormat:
    """Return the smallest message class that holds a cloud of so many points.

    Raises:
        FrameTooLargeError: no class is large enough.
    """
    for frame_format in all_formats(POINT_CLOUD_FAMILY):
        if count <= frame_format.pixels:
            return frame_format
    largest = all_formats(POINT_CLOUD_FAMILY)[-1]
    raise FrameTooLargeError(
        f"got a cloud of {count} points: the largest PointCloud message holds {largest.pixels}; "
        "use fewer points or add a resolution to msg_defs/formats.yaml"
    )


def message_named(
    type_name: str, *, families: Sequence[str] = (*FRAME_FAMILIES, POINT_CLOUD_FAMILY)
) -> FrameFormat | None:
    """Return the format of a type such as airo_camera_msgs/msg/Image640x480; None if it is of none of the families."""
    return next((f for family in families for f in all_formats(family) if f.type_name == type_name), None)
