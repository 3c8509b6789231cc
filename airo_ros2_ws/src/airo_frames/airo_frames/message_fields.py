"""Parts that the messages of all families have in common: intrinsics and pixels."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from airo_frames.encodings import encoding_named
from airo_frames.exceptions import EncodingError
from airo_frames.intrinsics import Intrinsics
from airo_frames.text import read_text, write_text

if TYPE_CHECKING:
    from rclpy_loans.sample import Sample

__all__ = ["HEAD_FIELDS", "INTRINSICS_FIELDS", "read_intrinsics", "read_pixels", "write_intrinsics"]

INTRINSICS_FIELDS = ("k", "r", "p", "d", "d_count", "distortion_model")
HEAD_FIELDS = ("sequence", "stamp", "frame_id", *INTRINSICS_FIELDS)


def read_pixels(sample: Sample, field: str, head: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """Return the image in a field of bytes.

    Memory: view of the message.

    Args:
        sample: the message.
        field: holds the image in its first bytes.
        head: copies of width, height, step and encoding.

    Raises:
        EncodingError: the encoding is unknown, or the sizes do not agree.
    """
    encoding = encoding_named(read_text(head["encoding"]))
    size_wh = int(head["width"]), int(head["height"])
    pixels = sample.data[field]
    if int(head["step"]) != encoding.row_bytes(size_wh[0]) or encoding.image_bytes(size_wh) > pixels.size:
        raise EncodingError(
            f"a frame on {sample.topic} claims {size_wh[0]}x{size_wh[1]} px {encoding.name} with {head['step']} "
            f"bytes per row in {pixels.size} bytes: expected rows without padding that fit"
        )
    return np.ndarray(encoding.shape(size_wh), encoding.dtype, buffer=pixels)


def read_intrinsics(head: dict[str, NDArray[Any]], *, prefix: str = "") -> Intrinsics | None:
    """Return the intrinsics in the fields `prefix` + INTRINSICS_FIELDS; None when the camera is not calibrated."""
    if head[f"{prefix}k"][0] == 0.0:
        return None
    return _intrinsics(
        *(head[prefix + name].tobytes() for name in ("k", "d", "r", "p")),
        count=int(head[f"{prefix}d_count"]),
        model=read_text(head[f"{prefix}distortion_model"]),
    )


def write_intrinsics(message: NDArray[np.void], intrinsics: Intrinsics | None, *, prefix: str = "") -> None:
    """Write the fields that read_intrinsics() reads, in place."""
    if intrinsics is None:
        message[f"{prefix}k"], message[f"{prefix}d_count"] = 0.0, 0
        return
    message[f"{prefix}k"] = intrinsics.camera_matrix.ravel()
    message[f"{prefix}r"] = intrinsics.rectification.ravel()
    message[f"{prefix}p"] = intrinsics.projection.ravel()
    message[f"{prefix}d"][: intrinsics.distortion.size] = intrinsics.distortion
    message[f"{prefix}d_count"] = intrinsics.distortion.size
    write_text(message[f"{prefix}distortion_model"], intrinsics.distortion_model, name="distortion model")


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
