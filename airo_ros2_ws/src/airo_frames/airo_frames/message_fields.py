"""Parts that the messages of all families have in common: intrinsics and pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from airo_frames.exceptions import EncodingError
from airo_frames.intrinsics import Intrinsics
from airo_frames.text import write_text

if TYPE_CHECKING:
    from airo_frames.message_head import FixedHead
    from rclpy_loans.sample import Sample

__all__ = ["read_pixels", "write_intrinsics"]


def read_pixels(sample: Sample, field: str, head: FixedHead) -> NDArray[Any]:
    """Return the image in a field of bytes.

    Memory: view of the message.

    Args:
        sample: the message.
        field: holds the image in its first bytes.
        head: of the message.

    Raises:
        EncodingError: the encoding is unknown, or the sizes do not agree.
    """
    encoding, size_wh = head.encoding, head.size_wh
    pixels = sample.data[field]
    if head.step != encoding.row_bytes(size_wh[0]) or encoding.image_bytes(size_wh) > pixels.size:
        raise EncodingError(
            f"a frame on {sample.topic} claims {size_wh[0]}x{size_wh[1]} px {encoding.name} with {head.step} "
            f"bytes per row in {pixels.size} bytes: expected rows without padding that fit"
        )
    return np.ndarray(encoding.shape(size_wh), encoding.dtype, buffer=pixels)


def write_intrinsics(message: NDArray[np.void], intrinsics: Intrinsics | None, *, prefix: str = "") -> None:
    """Write the fields k, r, p, d, d_count and distortion_model, in place."""
    if intrinsics is None:
        message[f"{prefix}k"], message[f"{prefix}d_count"] = 0.0, 0
        return
    message[f"{prefix}k"] = intrinsics.camera_matrix.ravel()
    message[f"{prefix}r"] = intrinsics.rectification.ravel()
    message[f"{prefix}p"] = intrinsics.projection.ravel()
    message[f"{prefix}d"][: intrinsics.distortion.size] = intrinsics.distortion
    message[f"{prefix}d_count"] = intrinsics.distortion.size
    write_text(message[f"{prefix}distortion_model"], intrinsics.distortion_model, name="distortion model")
