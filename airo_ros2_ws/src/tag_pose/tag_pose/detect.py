"""Tags in image files, without ROS."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from tag_pose.detection_json import detection_as_dict
from tag_pose.exceptions import ImageFileError
from tag_pose.gray import to_gray
from tag_pose.tagger import Tagger

__all__ = ["detect_image_file", "read_image_file"]

AS_STORED = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH
ENCODINGS_BY_LAYOUT = {
    (np.dtype(np.uint8), 3): "bgr8",
    (np.dtype(np.uint8), 2): "mono8",
    (np.dtype(np.uint16), 2): "16UC1",
}


def detect_image_file(
    path: str | os.PathLike[str], *, tagger: Tagger, intrinsics: Intrinsics | None
) -> dict[str, object]:
    """Return what is found in one image file as a JSON object.

    Args:
        path: an image file of any kind that OpenCV reads.
        tagger: finds the tags; forgets earlier images first, so that the result depends on this file alone.
        intrinsics: of that image, px; without them poses are null.

    Returns:
        {"image": path, "width", "height" (px), "detector_time_ms", "detections": [detection_as_dict(), ...]}.

    Raises:
        ImageFileError: the file cannot be read; names it.
        PoseInputError: the distortion model is unknown.
    """
    image, encoding = read_image_file(path)
    gray = to_gray(image, encoding)
    tagger.forget()
    start = time.perf_counter()
    observations = tagger.detect(gray)
    detector_time = time.perf_counter() - start
    height, width = gray.shape
    return {
        "image": os.fspath(path),
        "width": width,
        "height": height,
        "detector_time_ms": detector_time * 1e3,
        "detections": [detection_as_dict(tag) for tag in tagger.locate(observations, intrinsics=intrinsics)],
    }


def read_image_file(path: str | os.PathLike[str]) -> tuple[NDArray[Any], str]:
    """Return an image and its encoding, turned upright as its EXIF data says.

    Returns:
        (H, W, 3) uint8 and "bgr8", (H, W) uint8 and "mono8", or (H, W) uint16 and "16UC1". 16-bit colours become 8-bit.

    Raises:
        ImageFileError: the file cannot be read or holds no such image; names it.
    """
    try:
        data = np.frombuffer(Path(path).read_bytes(), dtype=np.uint8)
    except OSError as error:
        raise ImageFileError(f"cannot read image {os.fspath(path)}: {error.strerror or error}") from error
    image = _decoded(data, path)
    if image.dtype == np.uint16 and image.ndim == 3:
        image = cv2.convertScaleAbs(image, alpha=1 / 257)
    encoding = ENCODINGS_BY_LAYOUT.get((image.dtype, image.ndim))
    if encoding is None:
        raise ImageFileError(f"image {os.fspath(path)} holds {image.dtype} pixels: expected 8- or 16-bit ones")
    return image, encoding


def _decoded(data: NDArray[np.uint8], path: str | os.PathLike[str]) -> NDArray[Any]:
    try:
        image = cv2.imdecode(data, AS_STORED) if data.size else None
    except cv2.error as error:
        raise ImageFileError(f"cannot decode image {os.fspath(path)}: {error}") from error
    if image is None:
        raise ImageFileError(f"cannot decode image {os.fspath(path)}: it is damaged, or of a kind OpenCV does not read")
    return image
