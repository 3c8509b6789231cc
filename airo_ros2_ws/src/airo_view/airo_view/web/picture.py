"""A frame as JPEG pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames import EncodingError

__all__ = ["REDUCTIONS", "Picture", "encode_picture", "reduction_for"]

REDUCTIONS = (4, 2, 1)  # how many times smaller a picture can be; whole numbers, as they are fast
_ENOUGH = 0.8  # of the wanted width: a browser enlarges that much without harm
_SAMPLE_STEP = 8  # px; every so many are looked at to find the range of depths


@dataclass(frozen=True, eq=False)
class Picture:
    """One frame, ready to be sent.

    Attributes:
        camera: its name.
        width: of the frame, px.
        is_zero_copy: the frame was read in the memory that the camera wrote.
        messages: for a page, by how many times smaller the picture is; what they share was made once.
    """

    camera: str
    width: int
    is_zero_copy: bool
    messages: Mapping[int, bytes]


def reduction_for(width: int, wanted_width: int) -> int:
    """Return how many times smaller a picture may be.

    Args:
        width: of the frame, px.
        wanted_width: on the screen, px.
    """
    return next((r for r in REDUCTIONS if width / r >= _ENOUGH * wanted_width), REDUCTIONS[-1])


def encode_picture(image: NDArray[Any], encoding: str, reduction: int, *, quality: int) -> bytes:
    """Return an image as JPEG. The caller asks whether its frame is still valid afterwards.

    Depths become colours from near (blue) to far (red) between the 2nd and 98th percentile; unknown ones are black.

    Args:
        image: (H, W) or (H, W, 3), as in a frame.
        encoding: one of airo_frames.encodings.ENCODINGS.
        reduction: how many times smaller.
        quality: 1 to 100.

    Raises:
        EncodingError: the picture cannot be encoded.
    """
    if image.dtype != np.uint8:
        image = _false_colours(image[::reduction, ::reduction])
    elif reduction > 1:
        size_wh = max(1, image.shape[1] // reduction), max(1, image.shape[0] // reduction)
        image = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA)
    if encoding == "rgb8":
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    is_encoded, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not is_encoded:
        raise EncodingError(f"a {image.shape[1]}x{image.shape[0]} {encoding} image cannot be encoded as JPEG")
    return encoded.tobytes()


def _false_colours(depths: NDArray[Any]) -> NDArray[np.uint8]:
    """Return (H, W, 3) uint8 BGR for (H, W) depths."""
    values = depths.astype(np.float32)
    is_known = np.isfinite(values) & (values > 0)
    sample = values[::_SAMPLE_STEP, ::_SAMPLE_STEP][is_known[::_SAMPLE_STEP, ::_SAMPLE_STEP]]
    near, far = np.percentile(sample, (2, 98)) if sample.size else (0.0, 1.0)
    scaled = np.clip((np.where(is_known, values, near) - near) * (255.0 / max(far - near, 1e-6)), 0, 255)
    coloured = cv2.applyColorMap(scaled.astype(np.uint8), cv2.COLORMAP_TURBO)
    coloured[~is_known] = 0
    return np.asarray(coloured, np.uint8)
