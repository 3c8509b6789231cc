"""Image files: finding them in folders, and reading one."""

from __future__ import annotations

import glob
import os
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.exceptions import ImageFileError
from airo_frames.opencv_log import silent_opencv

__all__ = ["IMAGE_SUFFIXES", "find_images", "read_image"]

IMAGE_SUFFIXES = frozenset(".bmp .dib .jp2 .jpe .jpeg .jpg .pbm .pgm .png .pnm .ppm .ras .sr .tif .tiff .webp".split())

_ENCODINGS = {
    ("uint8", 1): "mono8",
    ("uint8", 3): "bgr8",
    ("uint16", 1): "16UC1",
    ("float32", 1): "32FC1",
}


def read_image(path: Path) -> tuple[NDArray[Any], str]:
    """Return the pixels of an image file and the name of their encoding.

    The orientation in EXIF data is applied; transparency is dropped; 16-bit colour becomes 8-bit colour.

    Returns:
        A new array with the encoding's shape and dtype, and bgr8, mono8, 16UC1 or 32FC1.

    Raises:
        ImageFileError: the file cannot be read, is no image, or ends before the image does.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageFileError(f"cannot read {path}: {error.strerror}") from error
    if _is_cut_off(data):
        raise ImageFileError(f"{path} ends before its image does ({len(data)} bytes): expected a complete file")
    with silent_opencv():
        pixels = _decoded(data)
    if pixels is None:
        raise ImageFileError(f"{path} is damaged or not an image that OpenCV reads ({len(data)} bytes)")
    if pixels.dtype == np.uint16 and pixels.ndim == 3:
        pixels = cv2.convertScaleAbs(pixels, alpha=1 / 257)
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    encoding = _ENCODINGS.get((pixels.dtype.name, channels))
    if encoding is None:
        raise ImageFileError(f"{path} has {channels} channels of {pixels.dtype}: expected grey or 8-bit colour")
    return pixels, encoding


def _decoded(data: bytes) -> NDArray[Any] | None:
    if not data:
        return None
    try:
        return cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_ANYDEPTH | cv2.IMREAD_ANYCOLOR)
    except cv2.error:
        # OpenCV raises for some damaged headers and returns nothing for the others: the caller reports both.
        return None


def _is_cut_off(data: bytes) -> bool:
    """Tell whether a JPEG or PNG lacks its end, which their decoders would only mention on standard error."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return b"IEND" not in data[-4096:]
    if data.startswith(b"\xff\xd8"):
        return b"\xff\xd9" not in data[_scan_start(data) :]
    return False


def _scan_start(data: bytes) -> int:
    """Return where a JPEG's compressed pixels start; before, a thumbnail may hold an end marker of its own."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker, length = data[position + 1], int.from_bytes(data[position + 2 : position + 4], "big")
        position += 2 + length
        if marker == 0xDA:
            break
    return position


def find_images(path: Path) -> list[Path]:
    """Return the image files that a file, a folder or a glob stands for, in natural order of their names.

    Raises:
        ImageFileError: there is none.
    """
    looked_for = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
    if os.path.isfile(path):
        return [path]
    if os.path.isdir(path):
        files = [each for each in _entries(path) if each.suffix.lower() in IMAGE_SUFFIXES and each.is_file()]
        if not files:
            raise ImageFileError(f"no images in the folder {path}: looked for {looked_for}")
    elif glob.has_magic(str(path)):
        found = [Path(each) for each in glob.glob(str(path), recursive=True)]
        files = [each for each in found if each.suffix.lower() in IMAGE_SUFFIXES and each.is_file()]
        if not files:
            raise ImageFileError(
                f"no images match {path}: looked for files named {looked_for} among its {len(found)} matches"
            )
    else:
        raise ImageFileError(f"{path} does not exist: expected a file, a folder or a glob of images, or a video file")
    return sorted(files, key=_natural)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise ImageFileError(f"cannot list the folder {folder}: {error.strerror}") from error


def _natural(path: Path) -> tuple[list[tuple[int, int | str]], str]:
    """Return a key that sorts numbers in names by their value."""
    parts = re.findall(r"\d+|\D+", str(path).lower())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts], str(path)
