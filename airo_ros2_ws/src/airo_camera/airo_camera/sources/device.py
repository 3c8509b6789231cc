"""Cameras and streams that OpenCV opens: device numbers, /dev/videoN and URLs."""

from __future__ import annotations

import logging
import os
import sys
import time
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
from numpy.typing import NDArray

from airo_camera.exceptions import SourceOpenError, SourceReadError, SourceSpecError
from airo_camera.sources.capture_image import capture_fps, capture_size, retrieve_into
from airo_camera.sources.device_formats import formats_text
from airo_camera.sources.device_list import device_with_serial
from airo_camera.sources.query import check_options, option
from airo_camera.sources.retrieval import check_target, not_open
from airo_camera.sources.source import GrabbedImage, Source
from airo_camera.sources.url import without_password
from airo_frames.opencv_log import silent_opencv

__all__ = ["DeviceOptions", "DeviceSource", "LiveCapture", "StreamSource"]

_logger = logging.getLogger(__name__)
SERIAL = "serial:"
_MJPG = cv2.VideoWriter.fourcc(*"MJPG")


@dataclass(frozen=True)
class DeviceOptions:
    """What is asked of a device; what it really gives is in the grabbed images.

    Raises:
        SourceSpecError: a value is of the wrong kind or out of its range.
    """

    width: int | None = option(None, "px", kind=int, low=1, high=32768)
    height: int | None = option(None, "px", kind=int, low=1, high=32768)
    fps: float | None = option(None, "images per second", kind=float, low=0.1, high=1000)
    fourcc: str | None = option(None, "pixel format of four characters such as MJPG or YUYV", kind=str)

    def __post_init__(self) -> None:
        check_options(self)
        if self.fourcc is not None and len(self.fourcc) != 4:
            raise SourceSpecError(f"option 'fourcc' is {self.fourcc!r}: expected four characters such as MJPG or YUYV")


class LiveCapture(Source):
    """A cv2.VideoCapture whose images pass whether they are fetched or not.

    Args:
        name: of the source, for error messages.
    """

    is_live = True
    is_exclusive = True

    def __init__(self, name: str) -> None:
        self._name = name
        self._capture: cv2.VideoCapture | None = None
        self._size_wh = (0, 0)
        self._grabbed: GrabbedImage | None = None

    def open(self) -> None:
        """Connect.

        Raises:
            SourceOpenError: it is not there, does not answer in time, or cannot be opened.
        """
        self.close()
        with silent_opencv():
            capture = self._connected()
        self._size_wh = capture_size(capture)
        if not capture.isOpened() or min(self._size_wh) <= 0:
            capture.release()
            raise self._open_error()
        self._capture = capture
        self.fps = capture_fps(capture)

    def grab(self) -> GrabbedImage:
        """Wait for the next image; its stamp is taken as soon as it is there.

        Raises:
            SourceReadError: no image came: the device is gone, or the stream ended or stopped.
        """
        if self._capture is None:
            raise not_open(self)
        self._grabbed = None
        with silent_opencv():
            has_image = self._capture.grab()
        stamp_nanos = time.time_ns()
        if not has_image:
            raise SourceReadError(f"{self._name} delivers no more images: it was disconnected, ended or stopped")
        self._grabbed = GrabbedImage(stamp_nanos, self._size_wh, "bgr8")
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
        retrieve_into(out, self._capture, name=self._name)

    def close(self) -> None:
        """Disconnect."""
        if self._capture is not None:
            self._capture.release()
        self._capture = None
        self._grabbed = None

    @abstractmethod
    def _connected(self) -> cv2.VideoCapture:
        """Return a capture, whether it could be opened or not."""

    @abstractmethod
    def _open_error(self) -> SourceOpenError:
        """Return why the capture could not be opened."""


class DeviceSource(LiveCapture):
    """A camera of this computer.

    Args:
        device: its number, or its path: /dev/video0, or one that stays the same when others are plugged in, such as
            /dev/v4l/by-id/..., which names model and serial number, or serial:... with the serial number alone. It is
            looked up anew each time it is opened.
        options: what is asked of it; it may give something else.
    """

    def __init__(self, device: int | str, *, options: DeviceOptions | None = None) -> None:
        text = str(device)
        self._serial = text.removeprefix(SERIAL) if text.startswith(SERIAL) else ""
        self._path = Path(f"/dev/video{text}" if text.isdecimal() else text)
        self._options = DeviceOptions() if options is None else options
        super().__init__(text if self._serial or sys.platform == "linux" else f"camera {self._index}")

    def open(self) -> None:
        """Connect, and say where the device gives something else than it was asked for.

        Raises:
            SourceOpenError: it is not there or cannot be opened.
        """
        super().open()
        given = {"width": self._size_wh[0], "height": self._size_wh[1], "fps": self.fps}
        differing = {
            name: asked for name, got in given.items() if (asked := getattr(self._options, name)) not in (None, got)
        }
        if differing:
            asked_text = ", ".join(f"{name} {asked:g}" for name, asked in differing.items())
            got_text = ", ".join(f"{given[name] or 0:g}" for name in differing)
            offer = formats_text(str(self._path))
            _logger.warning("%s was asked for %s and gives %s; it offers %s", self._name, asked_text, got_text, offer)
        elif _logger.isEnabledFor(logging.INFO):
            _logger.info("%s gives %dx%d; it offers %s", self._name, *self._size_wh, formats_text(str(self._path)))

    @property
    def _index(self) -> int:
        """Number of the device now; a stable path leads to another one after it was plugged in again."""
        number = self._path.resolve().name.removeprefix("video")
        if not number.isdecimal():
            raise SourceOpenError(f"{self._path} leads to {self._path.resolve()}: expected a camera, /dev/videoN")
        return int(number)

    def _connected(self) -> cv2.VideoCapture:
        if self._serial:
            self._path = Path(device_with_serial(self._serial).path)
        if sys.platform == "linux":
            self._check_path()
            capture = cv2.VideoCapture(self._index, cv2.CAP_V4L2)
        else:
            capture = cv2.VideoCapture(self._index)
        if capture.isOpened():
            self._ask(capture)
        return capture

    def _check_path(self) -> None:
        if not self._path.exists():
            there = sorted(str(each) for pattern in ("v4l/by-id/*", "video*") for each in Path("/dev").glob(pattern))
            raise SourceOpenError(f"{self._path} does not exist: cameras here are {', '.join(there) or 'none'}")
        if not os.access(self._path, os.R_OK | os.W_OK):
            raise SourceOpenError(f"no permission to use {self._path}: add this user to the group 'video'")

    def _ask(self, capture: cv2.VideoCapture) -> None:
        """Ask for the options; the pixel format comes first because sizes and rates depend on it."""
        options = self._options
        if options.fourcc is not None:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*options.fourcc))
        if options.width is not None:
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, options.width)
        if options.height is not None:
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, options.height)
        if options.fps is not None:
            capture.set(cv2.CAP_PROP_FPS, options.fps)

    def _open_error(self) -> SourceOpenError:
        return SourceOpenError(f"cannot open {self._name}: it is used by another program or is not a camera")


class StreamSource(LiveCapture):
    """A video stream from a URL.

    Args:
        url: http, https or rtsp.
        timeout: s, for connecting and for each image.
    """

    def __init__(self, url: str, *, timeout: float = 2.5) -> None:
        super().__init__(without_password(url))
        self._url = url
        self._timeout = timeout

    def open(self) -> None:
        """Connect.

        Raises:
            SourceOpenError: nobody answers in time, or there is no video.
        """
        super().open()
        if self._capture is not None and int(self._capture.get(cv2.CAP_PROP_FOURCC)) == _MJPG:
            # Motion JPEG carries no rate, and FFmpeg's guess is no better than none.
            self.fps = None

    def _connected(self) -> cv2.VideoCapture:
        milliseconds = round(self._timeout * 1000)
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds, cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds]
        return cv2.VideoCapture(self._url, cv2.CAP_FFMPEG, limits)

    def _open_error(self) -> SourceOpenError:
        return SourceOpenError(
            f"cannot open {self._name}: it does not answer within {self._timeout:g} s or is no video stream"
        )
