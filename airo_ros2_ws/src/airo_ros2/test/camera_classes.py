"""Camera classes as users write them, for tests."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import numpy as np


class CountingCamera:
    """All pixels of an image are its number plus an offset; 50 images per second."""

    resolution = (32, 24)
    fps = 50

    def __init__(self, offset: int = 0, fails_at: int = 0, ends_at: int = 0, error: str = "") -> None:
        if error:
            raise RuntimeError(error)
        self._offset, self._fails_at, self._ends_at = offset, fails_at, ends_at
        self._number = 0

    def __enter__(self) -> CountingCamera:
        """Return self."""
        return self

    def __exit__(self, *error: object) -> None:
        """Leave a trace that the camera was let go of."""
        if "CAMERA_TRACE" in os.environ:
            with open(os.environ["CAMERA_TRACE"], "a") as file:
                file.write("released\n")

    def intrinsics_matrix(self) -> Any:
        """Return a pinhole."""
        return np.array([[30.0, 0, 15.5], [0, 30.0, 11.5], [0, 0, 1]])

    def grab_images(self) -> None:
        """Wait for the next number."""
        time.sleep(1 / self.fps)
        self._number += 1
        if self._number == self._fails_at:
            raise RuntimeError("the cable was pulled")
        if self._number == self._ends_at:
            raise EOFError

    def retrieve_rgb_image_as_int(self) -> Any:
        """Return the number as an image."""
        return np.full((24, 32, 3), (self._number + self._offset) % 256, np.uint8)


class DepthCamera(CountingCamera):
    """The depth is the number, in cm."""

    def retrieve_depth_map(self) -> Any:
        """Return the number as depth."""
        return np.full((24, 32), self._number / 100, np.float32)


class StereoCamera(DepthCamera):
    """The right view is the left one plus 100."""

    pose_of_right_view_in_left_view = np.eye(4)

    def retrieve_rgb_image_as_int(self, view: str = "left") -> Any:
        """Return a view."""
        return super().retrieve_rgb_image_as_int() + np.uint8(100 if view == "right" else 0)

    def intrinsics_matrix(self, view: str = "left") -> Any:
        """Return the same pinhole for both."""
        return super().intrinsics_matrix()


class CrashingCamera(CountingCamera):
    """Its driver crashes while it opens."""

    def __init__(self) -> None:
        os.kill(os.getpid(), signal.SIGSEGV)


class HangingCamera(CountingCamera):
    """Never gives an image."""

    def grab_images(self) -> None:
        """Hang."""
        time.sleep(3600)
