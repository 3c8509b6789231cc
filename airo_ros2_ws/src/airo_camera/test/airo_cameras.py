"""Camera classes with the interface of airo-mono, as somebody would write them for a camera of his own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Colour:
    """A colour camera whose images are filled with their number."""

    def __init__(self, resolution: tuple[int, int] = (64, 48), fps: float = 50.0, images: int = 1000) -> None:
        self.resolution = tuple(resolution)
        self.fps = fps
        self._images = images
        self._number = 0

    def grab_images(self) -> None:
        """Take the next image."""
        if self._number == self._images:
            raise EOFError("no more images")
        self._number += 1

    def _filled(self, value: float, dtype: Any, *channels: int) -> NDArray[Any]:
        width, height = self.resolution
        return np.full((height, width, *channels), value, dtype)

    def retrieve_rgb_image_as_int(self) -> NDArray[np.uint8]:
        """Return the image."""
        return self._filled(self._number % 256, np.uint8, 3)

    def intrinsics_matrix(self) -> NDArray[np.float64]:
        """Return the camera matrix."""
        return np.array([[60.0, 0, 31.5], [0, 60, 23.5], [0, 0, 1]])


class Rgbd(Colour):
    """A camera with depth; 0, inf and -inf mark pixels without it. Confidence may be switched off."""

    def __init__(self, confidence: bool = True, **given: Any) -> None:
        super().__init__(**given)
        self._has_confidence = confidence

    def retrieve_depth_map(self) -> NDArray[np.float64]:
        """Return the depth, m, as float64 like numpy users do."""
        depth = self._filled(self._number / 10, np.float64)
        depth[0, :4] = 0.0, np.inf, -np.inf, np.nan
        return depth

    def retrieve_confidence_map(self) -> NDArray[np.float32]:
        """Return the confidence."""
        if not self._has_confidence:
            raise RuntimeError("Cannot retrieve confidence data if confidence is disabled")
        return self._filled(0.5, np.float32)

    def retrieve_colored_point_cloud(self) -> SimpleNamespace:
        """Return as many points as the camera has taken images, and one that is not known."""
        points = np.full((self._number + 1, 3), self._number, np.float64)
        points[0] = np.nan
        return SimpleNamespace(points=points, colors=np.full(points.shape, self._number % 256, np.uint8))


class Stereo(Rgbd):
    """A stereo camera."""

    pose_of_right_view_in_left_view = np.array([[1.0, 0, 0, 0.12], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])

    def retrieve_rgb_image_as_int(self, view: str = "left") -> NDArray[np.uint8]:
        """Return the image of a view; the right one is brighter."""
        return self._filled((self._number + (100 if view == "right" else 0)) % 256, np.uint8, 3)

    def intrinsics_matrix(self, view: str = "left") -> NDArray[np.float64]:
        """Return the camera matrix of a view."""
        matrix = super().intrinsics_matrix()
        matrix[0, 2] += 5 if view == "right" else 0
        return matrix


class Uncalibrated(Rgbd):
    """A camera that knows no intrinsics, and whose depth is switched off."""

    def intrinsics_matrix(self) -> NDArray[np.float64]:
        """Say that there are none."""
        raise RuntimeError("pass it to the constructor")

    def retrieve_depth_map(self) -> NDArray[np.float64]:
        """Say that there is none."""
        raise RuntimeError("Cannot retrieve depth data if depth mode is NONE")
