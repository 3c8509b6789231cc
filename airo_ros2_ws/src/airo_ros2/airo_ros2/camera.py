"""A camera that runs in another process, used as if it were plugged in here."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from airo_frames.frame import Frame
from airo_frames.intrinsics import Intrinsics
from airo_frames.stamps import NANOS_PER_SEC
from airo_ros2.exceptions import NotCalibratedError, NotGrabbedError
from airo_ros2.frame_reader import FrameReader
from airo_ros2.pixels import as_float_image, as_rgb
from airo_ros2.toolkit import register_interface

if TYPE_CHECKING:
    from rclpy.node import Node
    from typing_extensions import Self

__all__ = ["Camera"]


class Camera:
    """A running camera, attached to by its name. Many programs can use one camera at once.

    It is used like the RGB cameras of airo-mono: grab_images() takes one frame, and every retrieve_*() after it is of
    that frame. Use one Camera in one thread at a time, and as many of them as you like. It is a context manager;
    without one it ends with the process.

    Args:
        name: of the camera, such as front.
        timeout: s, at most, of every wait that is given no other.
        newest: grab the newest frame that you have not had yet; False for the next in turn, so that a reader that is
            fast enough gets every one.
        node: an rclpy node of yours to read with, instead of a hidden one; nothing here spins it.

    Raises:
        CameraNotFoundError: there is no such camera; says which there are.
        FrameTimeoutError: no frame came in time; says why.
        CameraNameError: no camera can have such a name.
        ForkedError: this process was forked from one that uses ROS.
    """

    _frame_class: ClassVar[type[Frame]] = Frame  # what is taken of each frame

    def __init__(
        self, name: str = "camera", *, timeout: float = 10.0, newest: bool = True, node: Node | None = None
    ) -> None:
        self._timeout = timeout
        self._newest = newest
        self._has_own_node = node is not None
        self._fps: float | None = None
        self._frame: Frame | None = None  # the grabbed one, our copy
        self._reader = FrameReader(name, self._frame_class, node=node)
        try:
            # What is known before the first grab: a frame with views of the memory, of which only the head is used.
            self._last: Frame = self._reader.peek(timeout)
        except BaseException:
            self._reader.close()
            raise

    # --- as in airo-mono ---

    @property
    def resolution(self) -> tuple[int, int]:
        """(width, height), px."""
        return self._last.size_wh

    @property
    def fps(self) -> float:
        """Frames per second, measured once by the stamps of a few frames; whole within 1 %.

        Raises:
            FrameTimeoutError: too few frames came to measure it.
        """
        if self._fps is None:
            self._fps = self._reader.measure_rate(self._timeout)
        return self._fps

    def intrinsics_matrix(self) -> NDArray[np.float64]:
        """Return the camera matrix of the last frame, (3, 3) float64, px: [[fx, 0, cx], [0, fy, cy], [0, 0, 1]].

        Raises:
            NotCalibratedError: the camera does not know it.
        """
        return self._matrix_of(self._last.intrinsics)

    def grab_images(self, *, timeout: float | None = None, newest: bool | None = None, fresh: bool = False) -> None:
        """Wait for a frame and keep it; what is retrieved afterwards is of this one, whatever the camera does.

        Args:
            timeout: s, at most; by default the camera's.
            newest: the newest frame that was not grabbed yet, or the next in turn; by default the camera's.
            fresh: only a frame that is acquired after this call, for instance after a robot has come to rest.

        Raises:
            FrameTimeoutError: none came in time; says why.
            CameraGoneError: because the camera has ended.
            ClosedError: the camera was closed here.
        """
        self._keep(
            self._reader.take_copy(
                self._timeout if timeout is None else timeout,
                newest=self._newest if newest is None else newest,
                acquired_after_nanos=time.time_ns() if fresh else 0,
            )
        )

    def retrieve_rgb_image_as_int(self) -> NDArray[np.uint8]:
        """Return the grabbed image, (height, width, 3) uint8 RGB. New array, yours to keep.

        Raises:
            NotGrabbedError: nothing was grabbed yet.
            EncodingError: the camera has no colours.
        """
        frame = self._grabbed("retrieve_rgb_image_as_int")
        return as_rgb(frame.image, frame.encoding)

    def retrieve_rgb_image(self) -> NDArray[np.float32]:
        """Return the grabbed image, (height, width, 3) float32 RGB from 0 to 1. New array, yours to keep.

        Raises:
            NotGrabbedError: nothing was grabbed yet.
            EncodingError: the camera has no colours.
        """
        self._grabbed("retrieve_rgb_image")
        return as_float_image(self.retrieve_rgb_image_as_int())

    def get_rgb_image(self) -> NDArray[np.float32]:
        """Grab and retrieve. Deprecated, as in airo-mono: use grab_images() and retrieve_rgb_image()."""
        self._grab_for_deprecated("rgb_image")
        return self.retrieve_rgb_image()

    def get_rgb_image_as_int(self) -> NDArray[np.uint8]:
        """Grab and retrieve. Deprecated, as in airo-mono: use grab_images() and retrieve_rgb_image_as_int()."""
        self._grab_for_deprecated("rgb_image_as_int")
        return self.retrieve_rgb_image_as_int()

    # --- beyond it ---

    @property
    def name(self) -> str:
        """Name of the camera."""
        return self._reader.name

    @property
    def frame(self) -> Frame:
        """The grabbed frame as it came, with its encoding, full intrinsics, frame id and stamp.

        Memory: a copy that the camera keeps for retrieve_*(): copy what you mean to change.

        Raises:
            NotGrabbedError: nothing was grabbed yet.
        """
        return self._grabbed("frame")

    @property
    def sequence(self) -> int:
        """Number of the grabbed frame, counted by the camera from 1."""
        return self._grabbed("sequence").sequence

    @property
    def stamp_nanos(self) -> int:
        """When the grabbed frame was acquired, ns since the epoch."""
        return self._grabbed("stamp_nanos").stamp_nanos

    @property
    def stamp(self) -> float:
        """When the grabbed frame was acquired, s since the epoch, as time.time() counts."""
        return self._grabbed("stamp").stamp_nanos / NANOS_PER_SEC

    @property
    def drops(self) -> int:
        """Frames that the camera took and you did not get, between the first that you had and the last."""
        return self._reader.drops

    def borrow(self, *, timeout: float | None = None, newest: bool | None = None) -> AbstractContextManager[Frame]:
        """Wait for a frame and look at it where it lies: `with camera.borrow() as frame:`. What was grabbed stays.

        Memory: read-only view of the shared slot; valid until the camera has taken `depth` (4) more frames. Call
        frame.check_valid() when you have read what you need: it raises if the slot was reused meanwhile.

        Args:
            timeout: s, at most; by default the camera's.
            newest: see grab_images().

        It raises what grab_images() raises.
        """
        frame = self._reader.take(
            self._timeout if timeout is None else timeout, newest=self._newest if newest is None else newest
        )
        return nullcontext(frame)

    def stream(self, *, timeout: float | None = None, newest: bool | None = None) -> Iterator[Frame]:
        """Yield frame after frame, each a copy that is yours to keep. What was grabbed stays.

        Args:
            timeout: s, at most, between two frames; by default the camera's.
            newest: False yields every frame in turn as long as you keep up; see `drops`.

        It raises what grab_images() raises.
        """
        while True:
            yield self._reader.take_copy(
                self._timeout if timeout is None else timeout, newest=self._newest if newest is None else newest
            )

    def close(self) -> None:
        """Let go of the camera, which goes on for others. Calling it again does nothing."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        """Be opened anew by its name in the process that unpickles it."""
        if self._has_own_node:
            raise TypeError(f"camera {self.name!r} uses your node, which cannot go to another process: open it there")
        return partial(type(self), timeout=self._timeout, newest=self._newest), (self.name,)

    def __repr__(self) -> str:
        width, height = self.resolution
        return f"<{type(self).__name__} {self.name!r} {width}x{height}>"

    def _grabbed(self, what: str) -> Frame:
        if self._frame is None:
            raise NotGrabbedError(f"{what} before the first image: call grab_images() first")
        return self._frame

    def _keep(self, frame: Frame) -> None:
        self._frame = self._last = frame

    def _matrix_of(self, intrinsics: Intrinsics | None) -> NDArray[np.float64]:
        if intrinsics is None:
            raise NotCalibratedError(
                f"camera {self.name!r} is not calibrated: start it with a calibration file "
                "(airo-ros2 bringup --calibration FILE, or serve_camera(..., calibration=FILE))"
            )
        return intrinsics.camera_matrix.copy()

    def _grab_for_deprecated(self, what: str) -> None:
        warnings.warn(
            f"get_{what}() is deprecated: use grab_images() and retrieve_{what}()", DeprecationWarning, stacklevel=3
        )
        self.grab_images()


register_interface(Camera, "RGBCamera")
