"""The frames of a recorded ROS 2 bag, by the numbers of their images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from mcap.exceptions import McapError
from mcap.reader import make_reader
from numpy.typing import NDArray

from airo_camera.exceptions import SourceReadError
from airo_camera.sources.cdr_reader import CdrReader
from airo_camera.sources.recorded_planes import RecordedPlanes, confidence_from_steps, depth_from_millimetres
from airo_frames.encodings import encoding_named

if TYPE_CHECKING:
    from airo_camera.sources.recorded_frames import RecordedFrame

__all__ = ["read_messages"]

_IMAGE, _COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"
_DEPTH_HEAD_BYTES = 12  # of compressed_depth_image_transport, before the PNG image
# Below the camera's name; each is either as it is or compressed.
_TOPICS = {
    "image": ("image_raw", "image_raw/compressed"),
    "depth": ("depth/image_rect_raw", "depth/image_rect_raw/compressedDepth"),
    "confidence": ("confidence/image_rect_raw",),
    "right": ("right/image_raw", "right/image_raw/compressed"),
}
Message = tuple[str, bytes]  # type and content


def read_messages(path: Path, rows: Sequence[RecordedFrame], *, camera: str) -> Iterator[RecordedPlanes]:
    """Yield the frame of each row; raw and PNG images, and depths as float32, are what was recorded, bit by bit.

    Raises:
        SourceReadError: the file is damaged, or was cut off.
    """
    frames = enumerate(_frames(path, camera))
    try:
        for row in rows:
            for number, parts in frames:
                if number == row.index:
                    yield _planes(parts, row)
                    break
            else:
                raise SourceReadError(f"{path} ends before image {row.index} of {camera}: it was cut off")
    except McapError as error:
        raise SourceReadError(f"{path} is damaged or was cut off ({error}): try airo-ros2 recover {path}") from error


def _frames(path: Path, camera: str) -> Iterator[dict[str, Message]]:
    """Yield the messages of each frame by stream: its image is the last one, whatever came before belongs to it."""
    streams = {f"/{camera}/{topic}": stream for stream, topics in _TOPICS.items() for topic in topics}
    parts: dict[str, Message] = {}
    with path.open("rb") as file:
        for schema, channel, message in make_reader(file).iter_messages(list(streams), log_time_order=False):
            stream = streams[channel.topic]
            parts[stream] = schema.name if schema else "", message.data
            if stream == "image":
                yield parts
                parts = {}


def _planes(parts: dict[str, Message], row: RecordedFrame) -> RecordedPlanes:
    found: dict[str, NDArray[Any]] = {}
    for stream in row.streams:
        if stream not in parts:
            raise SourceReadError(f"frame {row.sequence} lacks its {stream}: the file is not the one that was recorded")
        type_name, data = parts[stream]
        stamp_nanos, encoding, pixels = _image(data, type_name, row)
        if stamp_nanos != row.stamp_nanos:
            raise SourceReadError(
                f"the {stream} of frame {row.sequence} has the time {stamp_nanos} ns: expected {row.stamp_nanos}, "
                "as the sidecar says; it belongs to another file"
            )
        if stream == "depth" and encoding != "32FC1":
            pixels = depth_from_millimetres(pixels)
        elif stream == "confidence" and encoding != "32FC1":
            pixels = confidence_from_steps(pixels)
        found[stream] = pixels
    return RecordedPlanes(**found)


def _image(data: bytes, type_name: str, row: RecordedFrame) -> tuple[int, str, NDArray[Any]]:
    """Return time, ns, encoding and pixels of an image; those of colours in the row's encoding."""
    reader = CdrReader(data)
    stamp_nanos = reader.stamp()
    if type_name == _IMAGE:
        reader.number()  # height
        reader.number()  # width
        kind = encoding_named(reader.text())
        reader.skip(1)  # byte order
        reader.number()  # step
        return stamp_nanos, kind.name, np.frombuffer(reader.rest(), kind.dtype).reshape(kind.shape(row.size_wh))
    if type_name != _COMPRESSED:
        raise SourceReadError(f"images are {type_name or 'without a type'}: expected {_IMAGE} or {_COMPRESSED}")
    encoding, _, transport = reader.text().partition("; ")
    content = reader.rest()
    if transport.startswith("compressedDepth"):
        content = content[_DEPTH_HEAD_BYTES:]
    decoded = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise SourceReadError(f"the image of frame {row.sequence} cannot be decoded: it is damaged")
    return stamp_nanos, encoding, decoded[..., ::-1] if encoding == "rgb8" else decoded
