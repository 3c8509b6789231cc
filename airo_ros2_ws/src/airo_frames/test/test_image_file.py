"""Tests of airo_frames.image_file."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from airo_frames.exceptions import ImageFileError
from airo_frames.image_file import read_image

RNG = np.random.default_rng(7)
COLOUR = RNG.integers(0, 255, (24, 32, 3), dtype=np.uint8)


def write(path: Path, image: NDArray[Any]) -> Path:
    """Write an image file."""
    assert cv2.imwrite(str(path), image)
    return path


def test_transparency_is_dropped_and_deep_colour_reduced(tmp_path: Path) -> None:
    """Four channels become three, and 16-bit colour 8-bit colour."""
    alpha = np.dstack([COLOUR, COLOUR[:, :, :1]])
    for name, image in (("alpha.png", alpha), ("deep.png", COLOUR.astype(np.uint16) * 257)):
        pixels, encoding = read_image(write(tmp_path / name, image))
        assert encoding == "bgr8"
        np.testing.assert_array_equal(pixels, COLOUR)


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    """A photograph taken with the camera on its side comes upright."""
    path = write(tmp_path / "upright.jpg", COLOUR)
    tag = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    exif = b"Exif\0\0" + b"II*\0" + struct.pack("<IH", 8, 1) + tag + struct.pack("<I", 0)
    data = path.read_bytes()
    turned = tmp_path / "turned.jpg"
    turned.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    pixels, _ = read_image(turned)
    np.testing.assert_array_equal(pixels, np.rot90(read_image(path)[0], -1))


def test_thumbnail_does_not_hide_a_cut(tmp_path: Path) -> None:
    """The end marker of a thumbnail inside a JPEG is not taken for the end of the image."""
    path = write(tmp_path / "photo.jpg", RNG.integers(0, 255, (120, 160, 3), dtype=np.uint8))
    data = path.read_bytes()
    thumbnail = b"thumbnail\xff\xd9"
    data = data[:2] + b"\xff\xe2" + struct.pack(">H", len(thumbnail) + 2) + thumbnail + data[2:]
    path.write_bytes(data)
    assert read_image(path)[1] == "bgr8"
    path.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(ImageFileError, match="ends before"):
        read_image(path)
