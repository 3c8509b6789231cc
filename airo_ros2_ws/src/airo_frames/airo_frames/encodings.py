"""Pixel encodings, named as in sensor_msgs/image_encodings.hpp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from airo_frames.exceptions import EncodingError

__all__ = ["ENCODINGS", "Encoding", "encoding_named"]


@dataclass(frozen=True)
class Encoding:
    """How the pixels of an image are stored: interleaved channels, rows without padding."""

    name: str
    dtype: np.dtype[Any]
    channels: int

    def shape(self, size_wh: tuple[int, int]) -> tuple[int, ...]:
        """Return the array shape of an image: (height, width, channels), or (height, width) with one channel."""
        width, height = size_wh
        return (height, width) if self.channels == 1 else (height, width, self.channels)

    def row_bytes(self, width: int) -> int:
        """Return the bytes of one row of width px."""
        return width * self.channels * self.dtype.itemsize

    def image_bytes(self, size_wh: tuple[int, int]) -> int:
        """Return the bytes of a whole image."""
        width, height = size_wh
        return self.row_bytes(width) * height


ENCODINGS = {
    encoding.name: encoding
    for encoding in (
        Encoding("rgb8", np.dtype(np.uint8), 3),
        Encoding("bgr8", np.dtype(np.uint8), 3),
        Encoding("mono8", np.dtype(np.uint8), 1),
        Encoding("16UC1", np.dtype(np.uint16), 1),
        Encoding("32FC1", np.dtype(np.float32), 1),
    )
}


def encoding_named(name: str) -> Encoding:
    """Return an encoding by its name.

    Raises:
        EncodingError: the name is not among ENCODINGS.
    """
    try:
        return ENCODINGS[name]
    except KeyError:
        raise EncodingError(f"unknown encoding {name!r}: expected one of {', '.join(ENCODINGS)}") from None
