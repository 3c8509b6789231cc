"""What the images of a cv2.VideoCapture are like, and decoding them in place."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_camera.exceptions import SourceReadError

__all__ = ["capture_fps", "capture_size", "retrieve_into"]


def capture_fps(capture: cv2.VideoCapture) -> float | None:
    """Return the images per second that an open capture states, or None if it states nothing believable."""
    fps = capture.get(cv2.CAP_PROP_FPS)
    return fps if 0 < fps <= 1000 else None


def capture_size(capture: cv2.VideoCapture) -> tuple[int, int]:
    """Return the (width, height) of an open capture's images, px."""
    return int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))


def retrieve_into(out: NDArray[Any], capture: cv2.VideoCapture, *, name: str) -> None:
    """Decode the image that a capture has grabbed.

    Args:
        out: (height, width, 3) uint8, contiguous; OpenCV writes into it directly.
        capture: after a successful grab().
        name: of the source, for error messages.

    Raises:
        SourceReadError: the image cannot be decoded or has another size.
    """
    try:
        done, image = capture.retrieve(out)
    except cv2.error as error:
        raise SourceReadError(f"{name}: cannot decode an image: {error}") from error
    if not done:
        raise SourceReadError(f"{name}: cannot decode an image")
    if not np.shares_memory(image, out):
        raise SourceReadError(
            f"{name}: an image is {image.dtype} {image.shape}: expected {out.dtype} {out.shape}, like the images before"
        )
