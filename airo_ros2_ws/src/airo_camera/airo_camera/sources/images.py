"""Image files as a source: one file, a folder or a glob."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_camera.exceptions import SourceOpenError, SourceReadError
from airo_camera.sources.pacing import Pacer
from airo_camera.sources.retrieval import check_target, not_open
from airo_camera.sources.source import GrabbedImage, Source
from airo_frames.exceptions import ImageFileError
from airo_frames.image_file import find_images, read_image

__all__ = ["DEFAULT_RATE", "ImagesSource"]

DEFAULT_RATE = 10.0


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
        try:
            self._files = find_images(self._path)
        except ImageFileError as error:
            raise SourceOpenError(str(error)) from error
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
        try:
            self._pixels, encoding = read_image(self._files[index % len(self._files)])
        except ImageFileError as error:
            raise SourceReadError(str(error)) from error
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
