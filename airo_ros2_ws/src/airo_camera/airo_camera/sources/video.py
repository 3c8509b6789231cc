"""A video file as a source."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import cv2
from numpy.typing import NDArray

from airo_camera.exceptions import SourceOpenError, SourceReadError
from airo_camera.sources.capture_image import capture_fps, capture_size, retrieve_into
from airo_camera.sources.pacing import Pacer
from airo_camera.sources.retrieval import check_target, not_open
from airo_camera.sources.source import GrabbedImage, Source
from airo_frames.opencv_log import silent_opencv

__all__ = ["VideoSource"]

# For files that do not state their rate.
_USUAL_FPS = 25.0
# Frame counts in some containers are estimates: more missing than these parts and images means a file that was cut off.
_MISSING_PART, _MISSING_IMAGES = 0.05, 2


class VideoSource(Source):
    """A video file at its true speed, from the timestamps in the file. No image is skipped.

    Args:
        path: the file.
        rate: images per second instead of the file's timestamps.
        loop: start again after the last image.
        pacer: schedule of the images, for tests.
    """

    is_live = False

    def __init__(
        self, path: str | Path, *, rate: float | None = None, loop: bool = False, pacer: Pacer | None = None
    ) -> None:
        self._path = Path(path).expanduser()
        self._rate = rate
        self._loop = loop
        self._given_pacer = pacer
        self._pacer = Pacer()
        self._capture: cv2.VideoCapture | None = None
        self._size_wh = (0, 0)
        # s between two images, if they are evenly spaced.
        self._period = 1 / _USUAL_FPS
        # Number and time, s, of the last image since open(); the file's own clock starts anew in each round of a loop.
        self._count = 0
        self._seconds = 0.0
        self._count_at_round, self._seconds_at_round = 0, 0.0
        self._grabbed: GrabbedImage | None = None

    def open(self) -> None:
        """Open the file.

        Raises:
            SourceOpenError: it does not exist, is not a video, or was cut off so that its index is missing.
        """
        self.close()
        self._capture = self._opened()
        self.fps = capture_fps(self._capture) if self._rate is None else self._rate
        self._period = 1 / (self.fps or _USUAL_FPS)
        self._size_wh = capture_size(self._capture)
        self._pacer = Pacer() if self._given_pacer is None else self._given_pacer
        self._count, self._seconds = 0, 0.0
        self._count_at_round, self._seconds_at_round = 0, 0.0

    def grab(self) -> GrabbedImage | None:
        """Wait until the next image is due; None after the last one.

        Raises:
            SourceReadError: the file ends before it should.
        """
        if self._capture is None:
            raise not_open(self)
        self._grabbed = None
        if not self._capture.grab() and not self._start_again():
            return None
        if self._rate is not None:
            self._seconds = self._count * self._period
        else:
            self._seconds = self._file_seconds(self._capture)
        self._pacer.wait_for_each(self._seconds, period=self._period)
        self._count += 1
        self._grabbed = GrabbedImage(time.time_ns(), self._size_wh, "bgr8")
        return self._grabbed

    def retrieve(self, out: NDArray[Any]) -> None:
        """Decode the grabbed image straight into `out`.

        Raises:
            SourceReadError: nothing was grabbed, or the image cannot be decoded.
            ArrayContractError: `out` has another shape, dtype or layout.
        """
        check_target(out, self._grabbed)
        if self._capture is None:
            raise not_open(self)
        retrieve_into(out, self._capture, name=str(self._path))

    def close(self) -> None:
        """Close the file."""
        if self._capture is not None:
            self._capture.release()
        self._capture = None
        self._grabbed = None

    def _opened(self) -> cv2.VideoCapture:
        if not os.path.isfile(self._path):
            raise SourceOpenError(f"{self._path} does not exist: expected a video file")
        with silent_opencv():
            capture = cv2.VideoCapture(str(self._path), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise SourceOpenError(
                f"cannot open {self._path}: it is not a video that OpenCV reads, "
                "or it was cut off and its index is missing"
            )
        return capture

    def _file_seconds(self, capture: cv2.VideoCapture) -> float:
        """Return when the grabbed image is due by the file's timestamps; some files have none that grow."""
        seconds = self._seconds_at_round + capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        return seconds if self._count == 0 or seconds > self._seconds else self._seconds + self._period

    def _start_again(self) -> bool:
        """Go back to the first image and grab it, if the file is complete and to be looped."""
        self._check_complete()
        if not self._loop or self._count == self._count_at_round:
            return False
        capture = self._opened()
        if self._capture is not None:
            self._capture.release()
        self._capture = capture
        self._count_at_round, self._seconds_at_round = self._count, self._seconds + self._period
        return capture.grab()

    def _check_complete(self) -> None:
        if self._capture is None:
            return
        seen, expected = self._count - self._count_at_round, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        if expected - seen > _MISSING_PART * expected + _MISSING_IMAGES:
            raise SourceReadError(
                f"{self._path} ends after {seen} of {expected} images: it was cut off or is damaged from there on"
            )
