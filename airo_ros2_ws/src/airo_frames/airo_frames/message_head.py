"""The head of a message: all that it holds beside its pixels, depths and points, copied out of shared memory at once.

From frame to frame only its number and its time change. The rest is understood once and kept: understanding it costs
more than waiting for the frame.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from airo_frames.encodings import Encoding, encoding_named
from airo_frames.intrinsics import Intrinsics
from airo_frames.stamps import NANOS_PER_SEC
from airo_frames.text import read_text

if TYPE_CHECKING:
    from rclpy_loans.sample import Sample

__all__ = ["FixedHead", "MessageHead", "copy_head"]

_CHANGING = struct.Struct("=QiI")  # sequence and stamp, with which every message begins
_PAYLOADS = ("data", "points")  # the first field after the head


@dataclass(frozen=True)
class MessageHead:
    """The head of one message.

    Attributes:
        sequence: number of the message.
        stamp_nanos: acquisition time, ns since the epoch.
        fixed: what rarely changes.
    """

    sequence: int
    stamp_nanos: int
    fixed: FixedHead


class FixedHead:
    """What the messages of a camera have in common as long as it is not set up anew.

    Attributes:
        fields: () structured array of the head's fields, read-only; number and time in it are 0.
    """

    def __init__(self, fields: NDArray[np.void]) -> None:
        self.fields = fields

    @cached_property
    def frame_id(self) -> str:
        """Optical frame of the camera."""
        return read_text(self.fields["frame_id"])

    @cached_property
    def encoding(self) -> Encoding:
        """Of the image.

        Raises:
            EncodingError: it is unknown.
        """
        return encoding_named(read_text(self.fields["encoding"]))

    @cached_property
    def size_wh(self) -> tuple[int, int]:
        """(width, height), px."""
        return int(self.fields["width"]), int(self.fields["height"])

    @cached_property
    def step(self) -> int:
        """Bytes per row."""
        return int(self.fields["step"])

    @cached_property
    def intrinsics(self) -> Intrinsics | None:
        """Of the image; None when the camera is not calibrated."""
        return self._intrinsics("")

    @cached_property
    def right_intrinsics(self) -> Intrinsics | None:
        """Of the right view; None when the camera is not calibrated."""
        return self._intrinsics("right_")

    def _intrinsics(self, prefix: str) -> Intrinsics | None:
        k, r, p, d = (self.fields[prefix + name] for name in "krpd")
        if k[0] == 0.0:
            return None
        return Intrinsics(
            k.reshape(3, 3),
            distortion=d[: int(self.fields[f"{prefix}d_count"])],
            distortion_model=read_text(self.fields[f"{prefix}distortion_model"]),
            rectification=r.reshape(3, 3),
            projection=p.reshape(3, 4),
        )


def copy_head(sample: Sample) -> MessageHead:
    """Return the head of a message. Ask the sample afterwards whether it is still whole."""
    dtype = _head_dtype(sample.data.dtype)
    content = sample.data.getfield(dtype).tobytes()
    sequence, secs, nanosecs = _CHANGING.unpack_from(content)
    return MessageHead(sequence, secs * NANOS_PER_SEC + nanosecs, _fixed_head(dtype, content[_CHANGING.size :]))


@cache
def _head_dtype(message: np.dtype[np.void]) -> np.dtype[np.void]:
    fields: Any = message.fields
    end = min(fields[name][1] for name in _PAYLOADS if name in fields)
    names = [name for name in message.names or () if fields[name][1] < end]
    return np.dtype(
        {
            "names": names,
            "formats": [fields[name][0] for name in names],
            "offsets": [fields[name][1] for name in names],
            "itemsize": end,
        }
    )


@lru_cache(maxsize=64)
def _fixed_head(dtype: np.dtype[np.void], content: bytes) -> FixedHead:
    return FixedHead(np.ndarray((), dtype, buffer=bytes(_CHANGING.size) + content))
