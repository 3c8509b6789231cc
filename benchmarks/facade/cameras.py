"""The camera that all subjects serve: its images cost nothing to make, so what is measured is the way to the reader."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["make_camera_class"]


def make_camera_class(base: type) -> Any:
    """Return a class of cameras with colour and depth that derives from `base`, which a toolkit may want.

    Args:
        base: object, or an interface of airo_camera_toolkit.
    """

    class PacedCamera(base):  # type: ignore[misc]  # the base is known at run time only
        """Noise with the frame's number in its first pixel, and a plane as depth, at a fixed pace."""

        def __init__(self, size_wh: tuple[int, int], fps: float) -> None:
            self._size_wh, self._fps = size_wh, fps
            width, height = size_wh
            self._image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
            self._depth = np.linspace(0.5, 5.0, width * height, dtype=np.float32).reshape(height, width)
            self._shown = np.zeros((height, width, 3), np.uint8)
            self._next = time.monotonic()
            self._number = 0

        @property
        def resolution(self) -> tuple[int, int]:
            return self._size_wh

        @property
        def fps(self) -> float:
            return self._fps

        def intrinsics_matrix(self) -> NDArray[np.float64]:
            width, height = self._size_wh
            return np.array([[width, 0.0, width / 2], [0.0, width, height / 2], [0.0, 0.0, 1.0]])

        def grab_images(self) -> None:
            self._next = max(self._next + 1 / self._fps, time.monotonic())
            time.sleep(max(0.0, self._next - time.monotonic()))
            self._number += 1
            self._image[0, 0] = self._number % 256

        def retrieve_rgb_image(self) -> NDArray[np.float32]:
            return self._image.astype(np.float32) / np.float32(255)

        def retrieve_rgb_image_as_int(self) -> NDArray[np.uint8]:
            return self._image

        def retrieve_depth_map(self) -> NDArray[np.float32]:
            return self._depth

        def retrieve_depth_image(self) -> NDArray[np.uint8]:
            return self._shown

    return PacedCamera
