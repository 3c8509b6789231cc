"""One image of a camera, with its time, number, frame and intrinsics."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from airo_frames.encodings import encoding_named
from airo_frames.exceptions import EncodingError, FrameOverwrittenError
from airo_frames.intrinsics import Intrinsics
from airo_frames.stamps import read_stamp
from airo_frames.text import read_text

if TYPE_CHECKING:
    from rclpy_loans.sample import Sample

__all__ = ["Frame"]

_HEAD_FIELDS = "sequence stamp k r p d d_count width height step encoding distortion_model frame_id".split()


@dataclass(frozen=True, eq=False)
class Frame:
    """One image of a camera.

    Memory: `image` and all views of it are read-only views of the camera's shared slot when `is_zero_copy`. They can
    always be read without harm; their content is this image until the camera reuses the slot, as `is_valid()` tells.
    `copy()` gives a frame that is yours to keep.

    Attributes:
        image: (height, width, 3) uint8 for rgb8 and bgr8, (height, width) uint8 for mono8, uint16 for 16UC1,
            float32 for 32FC1.
        encoding: one of airo_frames.encodings.ENCODINGS.
        stamp_nanos: acquisition time, ns since the epoch.
        sequence: number of the frame, from 1; a gap means frames that were not received.
        frame_id: optical frame of the camera (x right, y down, z forward).
        intrinsics: of this image, None when the camera is not calibrated.
        is_zero_copy: `image` lies in the shared memory that the camera wrote.
    """

    image: NDArray[Any]
    encoding: str
    stamp_nanos: int
    sequence: int
    frame_id: str
    intrinsics: Intrinsics | None
    is_zero_copy: bool = False
    _sample: Sample | None = None  # tells whether the slot is still ours; None for a copy

    @classmethod
    def from_sample(cls, sample: Sample) -> Frame:
        """Return a view of an image message.

        Raises:
            EncodingError: the message has an unknown encoding, or sizes that do not agree.
            FrameOverwrittenError: the camera reused the slot before its head was read.
        """
        head = {name: sample.data[name].copy() for name in _HEAD_FIELDS}
        if not sample.is_valid():
            raise FrameOverwrittenError(f"a frame on {sample.topic} was overwritten before it could be looked at")
        encoding = encoding_named(read_text(head["encoding"]))
        size_wh = int(head["width"]), int(head["height"])
        pixels = sample.data["data"]
        if int(head["step"]) != encoding.row_bytes(size_wh[0]) or encoding.image_bytes(size_wh) > pixels.size:
            raise EncodingError(
                f"a frame on {sample.topic} claims {size_wh[0]}x{size_wh[1]} px {encoding.name} with {head['step']} "
                f"bytes per row in {pixels.size} bytes: expected rows without padding that fit"
            )
        return cls(
            image=np.ndarray(encoding.shape(size_wh), encoding.dtype, buffer=pixels),
            encoding=encoding.name,
            stamp_nanos=read_stamp(head["stamp"]),
            sequence=int(head["sequence"]),
            frame_id=read_text(head["frame_id"]),
            intrinsics=_read_intrinsics(head),
            is_zero_copy=sample.is_zero_copy,
            _sample=sample,
        )

    @property
    def size_wh(self) -> tuple[int, int]:
        """(width, height), px."""
        return int(self.image.shape[1]), int(self.image.shape[0])

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """(height, width, 3) uint8 RGB.

        Memory: view, for bgr8 with a negative stride; a new array for mono8.

        Raises:
            EncodingError: the encoding has no colours that could be shown as RGB.
        """
        if self.encoding == "rgb8":
            return self.image
        if self.encoding == "bgr8":
            return self.image[..., ::-1]
        if self.encoding == "mono8":
            return np.repeat(self.image[..., None], 3, axis=2)
        raise EncodingError(f"a {self.encoding} frame has no colours: use .image, which is {self.image.dtype}")

    def is_valid(self) -> bool:
        """Return whether everything read from `image` so far belongs to this frame."""
        return self._sample is None or self._sample.is_valid()

    def check_valid(self) -> None:
        """Do nothing if everything read from `image` so far belongs to this frame.

        Raises:
            FrameOverwrittenError: the camera has reused the slot.
        """
        if not self.is_valid():
            raise FrameOverwrittenError(
                f"frame {self.sequence} of {self.frame_id or 'the camera'} was overwritten while it was read: "
                "read it sooner, use copy(), or give the camera a deeper history (parameter depth)"
            )

    def copy(self) -> Frame:
        """Return a frame whose image is a new array, yours to keep.

        Raises:
            FrameOverwrittenError: the camera reused the slot before the copy was complete.
        """
        copied = replace(self, image=self.image.copy(), is_zero_copy=False, _sample=None)
        self.check_valid()
        return copied


def _read_intrinsics(head: dict[str, NDArray[Any]]) -> Intrinsics | None:
    if head["k"][0] == 0.0:
        return None
    return _intrinsics(
        *(head[name].tobytes() for name in ("k", "d", "r", "p")),
        count=int(head["d_count"]),
        model=read_text(head["distortion_model"]),
    )


@lru_cache(maxsize=64)
def _intrinsics(k: bytes, d: bytes, r: bytes, p: bytes, *, count: int, model: str) -> Intrinsics:
    """Return the intrinsics of a camera; they rarely change from frame to frame."""
    return Intrinsics(
        np.frombuffer(k).reshape(3, 3),
        distortion=np.frombuffer(d)[:count],
        distortion_model=model,
        rectification=np.frombuffer(r).reshape(3, 3),
        projection=np.frombuffer(p).reshape(3, 4),
    )
