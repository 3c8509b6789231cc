"""Image files as a source: one file, a folder or a glob."""

from __future__ import annotations

import glob
import os
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_camera.exceptions import SourceOpenError
from airo_camera.sources.image_file import read_image
from airo_camera.sources.pacing import Pacer
from airo_camera.sources.retrieval import check_target, not_open
from airo_camera.sources.source import GrabbedImage, Source

__all__ = ["DEFAULT_RATE", "IMAGE_SUFFIXES", "ImagesSource"]

DEFAULT_RATE = 10.0

IMAGE_SUFFIXES = frozenset(".bmp .dib .jp2 .jpe .jpeg .jpg .pbm .pgm .png .pnm .ppm .ras .sr .tif .tiff .webp".split())


class ImagesSource(Source):
    """Image files, in natural order of their names: 2.png before 10.png. None is skipped.

    Args:
        path: a file, a folder, whose images are taken without its subfolders, or a glob.
        rate: images per second; None is DEFAULT_RATE.
        loop: start again after the last image.
        pacer: schedule of the images, for tests.
    """

    is_live = False

    def __init__(
        self, path: str | Path, *, rate: float | None = None, loop: bool = False, pacer: Pacer | None = None
    ) -> None:
        self._path = Path(path).expanduser()
        self.fps = self._rate = DEFAULT_RATE if rate is None else rate
        self._loop = loop
        self._given_pacer = pacer
        self._pacer = Pacer()
        # The files in order; empty while the source is closed.
        self._files: list[Path] = []
        self._count = 0
        self._grabbed: GrabbedImage | None = None
        self._pixels: NDArray[Any] = np.empty(0)

    def open(self) -> None:
        """List the files.

        Raises:
            SourceOpenError: there is none.
        """
        self._files = _find_images(self._path)
        self._pacer = Pacer() if self._given_pacer is None else self._given_pacer
        self._count = 0

    def grab(self) -> GrabbedImage | None:
        """Decode the next image and wait until it is due; None after the last one.

        Raises:
            SourceReadError: the file is not an image or is damaged; the next call goes on with the next file.
        """
        if not self._files:
            raise not_open(self)
        self._grabbed = None
        if self._count >= len(self._files) and not self._loop:
            return None
        index, self._count = self._count, self._count + 1
        self._pixels, encoding = read_image(self._files[index % len(self._files)])
        self._pacer.wait_for_each(index / self._rate, period=1 / self._rate)
        height, width = self._pixels.shape[:2]
        self._grabbed = GrabbedImage(time.time_ns(), (width, height), encoding)
        return self._grabbed

    def retrieve(self, out: NDArray[Any]) -> None:
        """Copy the decoded image into `out`.

        Raises:
            SourceReadError: nothing was grabbed.
            ArrayContractError: `out` has another shape, dtype or layout.
        """
        check_target(out, self._grabbed)
        np.copyto(out, self._pixels)

    def close(self) -> None:
        """Forget the files and the image."""
        self._files = []
        self._grabbed = None
        self._pixels = np.empty(0)


def _find_images(path: Path) -> list[Path]:
    """Return the image files that a file, a folder or a glob stands for, in natural order of their names.

    Raises:
        SourceOpenError: there is none.
    """
    looked_for = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
    if os.path.isfile(path):
        return [path]
    if os.path.isdir(path):
        files = [each for each in _entries(path) if each.suffix.lower() in IMAGE_SUFFIXES and each.is_file()]
        if not files:
            raise SourceOpenError(f"no images in the folder {path}: looked for {looked_for}")
    elif glob.has_magic(str(path)):
        found = [Path(each) for each in glob.glob(str(path), recursive=True)]
        files = [each for each in found if each.suffix.lower() in IMAGE_SUFFIXES and each.is_file()]
        if not files:
            raise SourceOpenError(
                f"no images match {path}: looked for files named {looked_for} among its {len(found)} matches"
            )
    else:
        raise SourceOpenError(f"{path} does not exist: expected a file, a folder or a glob of images, or a video file")
    return sorted(files, key=_natural)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError as error:
        raise SourceOpenError(f"cannot list the folder {folder}: {error.strerror}") from error


def _natural(path: Path) -> tuple[list[tuple[int, int | str]], str]:
    """Return a key that sorts numbers in names by their value."""
    parts = re.findall(r"\d+|\D+", str(path).lower())
    return [(0, int(part)) if part.isdecimal() else (1, part) for part in parts], str(path)
