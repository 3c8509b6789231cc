"""One image as the camera wrote it, with the intrinsics of the lens it came through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_frames.exceptions import EncodingError
from airo_frames.intrinsics import Intrinsics

__all__ = ["View", "as_rgb"]


@dataclass(frozen=True, eq=False)
class View:
    """One image of a camera with several lenses.

    Memory: as that of the frame it belongs to, which tells whether it is still valid.

    Attributes:
        image: (height, width, 3) or (height, width), as the encoding says.
        encoding: one of airo_frames.encodings.ENCODINGS.
        intrinsics: of this image, None when the camera is not calibrated.
    """

    image: NDArray[Any]
    encoding: str
    intrinsics: Intrinsics | None

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
        return as_rgb(self.image, self.encoding)


def as_rgb(image: NDArray[Any], encoding: str) -> NDArray[np.uint8]:
    """Return an image as (height, width, 3) uint8 RGB.

    Memory: a view for rgb8 and bgr8, with a negative stride for the latter; a new array for mono8.

    Raises:
        EncodingError: the encoding has no colours that could be shown as RGB.
    """
    if encoding == "rgb8":
        return image
    if encoding == "bgr8":
        return image[..., ::-1]
    if encoding == "mono8":
        return np.repeat(image[..., None], 3, axis=2)
    raise EncodingError(f"a {encoding} frame has no colours: use .image, which is {image.dtype}")
