"""The images of a recorded ROS 2 bag, by their numbers."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from mcap.exceptions import McapError
from mcap.reader import make_reader
from numpy.typing import NDArray

from airo_camera.exceptions import SourceReadError
from airo_frames.encodings import encoding_named

if TYPE_CHECKING:
    from airo_camera.sources.recorded_frames import RecordedFrame

__all__ = ["read_messages"]

_CDR_HEADER_BYTES = 4
_IMAGE, _COMPRESSED = "sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"


def read_messages(path: Path, rows: Sequence[RecordedFrame], *, camera: str) -> Iterator[NDArray[Any]]:
    """Yield the image of each row, in its encoding; raw and PNG images are the recorded pixels.

    Raises:
        SourceReadError: the file is damaged, or was cut off.
    """
    topics = [f"/{camera}/image_raw", f"/{camera}/image_raw/compressed"]
    try:
        with path.open("rb") as file:
            messages = enumerate(make_reader(file).iter_messages(topics, log_time_order=False))
            for row in rows:
                for number, (schema, _, message) in messages:
                    if number == row.index:
                        yield _image(message.data, schema.name if schema else "", row)
                        break
                else:
                    raise SourceReadError(f"{path} ends before image {row.index} of {camera}: it was cut off")
    except McapError as error:
        raise SourceReadError(f"{path} is damaged or was cut off ({error}): try airo-ros2 recover {path}") from error


def _image(data: bytes, type_name: str, row: RecordedFrame) -> NDArray[Any]:
    kind = encoding_named(row.encoding)
    reader = _Reader(data)
    reader.skip(8)  # stamp
    reader.text()  # frame id
    if type_name == _IMAGE:
        reader.number()  # height
        reader.number()  # width
        reader.text()  # encoding
        reader.skip(1)  # byte order
        reader.number()  # step
        return np.frombuffer(reader.rest(), kind.dtype).reshape(kind.shape(row.size_wh))
    if type_name != _COMPRESSED:
        raise SourceReadError(f"images are {type_name or 'without a type'}: expected {_IMAGE} or {_COMPRESSED}")
    reader.text()  # format
    decoded = cv2.imdecode(np.frombuffer(reader.rest(), np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise SourceReadError(f"the image of frame {row.sequence} cannot be decoded: it is damaged")
    return decoded[..., ::-1] if row.encoding == "rgb8" else decoded


class _Reader:
    """Reads the beginning of a little-endian CDR message."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = _CDR_HEADER_BYTES

    def skip(self, size: int) -> None:
        """Pass over bytes that need no alignment."""
        self._position += size

    def number(self) -> int:
        """Return the uint32 at the next multiple of 4."""
        self._position += -(self._position - _CDR_HEADER_BYTES) % 4
        (value,) = struct.unpack_from("<I", self._data, self._position)
        self._position += 4
        return int(value)

    def text(self) -> None:
        """Pass over a string."""
        length = self.number()
        self._position += length

    def rest(self) -> memoryview:
        """Return the bytes of the sequence that comes next."""
        length = self.number()
        return memoryview(self._data)[self._position : self._position + length]
