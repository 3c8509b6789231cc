"""Cameras with depth that run in another process."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from airo_frames.frame import Frame
from airo_frames.point_cloud import PointCloud
from airo_frames.rgbd_frame import RgbdFrame, StereoRgbdFrame
from airo_ros2.camera import Camera
from airo_ros2.pixels import as_depth_image, as_float_image, as_rgb, confidence_of_edges
from airo_ros2.toolkit import register_interface

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

__all__ = ["RGBDCamera", "StereoRGBDCamera"]


class RGBDCamera(Camera):
    """A running camera with depth, attached to by its name; used like the RGBD cameras of airo-mono.

    Colours, depth and confidence of one grab are always of one frame: they travel in one message. Depth of a stereo
    camera is of its left view. See Camera for the arguments, and for all that concerns images and waiting.

    Raises:
        WrongCameraError: the camera has no depth.
    """

    _frame_class: ClassVar[type[Frame]] = RgbdFrame

    if TYPE_CHECKING:  # only narrower types

        @property
        def frame(self) -> RgbdFrame:
            """See Camera."""

        def borrow(
            self, *, timeout: float | None = None, newest: bool | None = None
        ) -> AbstractContextManager[RgbdFrame]:
            """See Camera."""

        def stream(self, *, timeout: float | None = None, newest: bool | None = None) -> Iterator[RgbdFrame]:
            """See Camera."""

    def retrieve_depth_map(self) -> NDArray[np.float32]:
        """Return the grabbed depth, (height, width) float32, m along z; NaN where unknown. New array, yours to keep.

        Raises:
            NotGrabbedError: nothing was grabbed yet.
        """
        return self._grabbed("retrieve_depth_map").depth.copy()

    def retrieve_depth_image(self) -> NDArray[np.uint8]:
        """Return the grabbed depth for looking at, (height, width, 3) uint8: the nearest white, the unknown black.

        Raises:
            NotGrabbedError: nothing was grabbed yet.
        """
        return as_depth_image(self._grabbed("retrieve_depth_image").depth)

    def retrieve_confidence_map(self) -> NDArray[np.float32]:
        """Return how sure the grabbed depth is, (height, width) float32 from 0 to 1, which is sure. New array.

        For a camera that does not tell, it is 0 where the depth jumps and 1 elsewhere, as in airo-mono.

        Raises:
            NotGrabbedError: nothing was grabbed yet.
        """
        frame = self._grabbed("retrieve_confidence_map")
        return confidence_of_edges(frame.depth) if frame.confidence is None else frame.confidence.copy()

    def retrieve_colored_point_cloud(self) -> PointCloud:
        """Return the points that the grabbed image sees: points (N, 3) float32, m, and colors (N, 3) uint8 RGB.

        They are in the camera frame (x right, y down, z forward), in the order of the pixels; those without depth are
        left out.

        Raises:
            NotGrabbedError: nothing was grabbed yet.
            NotCalibratedError: the camera does not know its intrinsics.
        """
        frame = self._grabbed("retrieve_colored_point_cloud")
        self._matrix_of(frame.intrinsics)
        return frame.point_cloud()

    def get_depth_map(self) -> NDArray[np.float32]:
        """Grab and retrieve. Deprecated, as in airo-mono: use grab_images() and retrieve_depth_map()."""
        self._grab_for_deprecated("depth_map")
        return self.retrieve_depth_map()

    def get_depth_image(self) -> NDArray[np.uint8]:
        """Grab and retrieve. Deprecated, as in airo-mono: use grab_images() and retrieve_depth_image()."""
        self._grab_for_deprecated("depth_image")
        return self.retrieve_depth_image()

    def get_confidence_map(self) -> NDArray[np.float32]:
        """Grab and retrieve. Deprecated, as in airo-mono: use grab_images() and retrieve_confidence_map()."""
        self._grab_for_deprecated("confidence_map")
        return self.retrieve_confidence_map()

    def get_colored_point_cloud(self) -> PointCloud:
        """Grab and retrieve. Deprecated, as in airo-mono: use grab_images() and retrieve_colored_point_cloud()."""
        self._grab_for_deprecated("colored_point_cloud")
        return self.retrieve_colored_point_cloud()

    def _grabbed(self, what: str) -> RgbdFrame:
        return cast(RgbdFrame, super()._grabbed(what))


class StereoRGBDCamera(RGBDCamera):
    """A running stereo camera with depth, attached to by its name; used like those of airo-mono.

    Both views of one grab are of one frame. Without an argument, images and intrinsics are the left view's, which is
    also the depth's. See Camera for the arguments.

    Raises:
        WrongCameraError: the camera has no second view.
    """

    LEFT_RGB = "left"
    RIGHT_RGB = "right"
    _VIEWS = (LEFT_RGB, RIGHT_RGB)

    _frame_class: ClassVar[type[Frame]] = StereoRgbdFrame

    if TYPE_CHECKING:  # only narrower types

        @property
        def frame(self) -> StereoRgbdFrame:
            """See Camera."""

        def borrow(
            self, *, timeout: float | None = None, newest: bool | None = None
        ) -> AbstractContextManager[StereoRgbdFrame]:
            """See Camera."""

        def stream(self, *, timeout: float | None = None, newest: bool | None = None) -> Iterator[StereoRgbdFrame]:
            """See Camera."""

    def intrinsics_matrix(self, view: str = LEFT_RGB) -> NDArray[np.float64]:
        """Return the camera matrix of a view of the last frame, (3, 3) float64, px.

        Args:
            view: left or right.

        Raises:
            NotCalibratedError: the camera does not know it.
        """
        last = cast(StereoRgbdFrame, self._last)
        return self._matrix_of(last.right.intrinsics if _is_right(view) else last.intrinsics)

    @property
    def pose_of_right_view_in_left_view(self) -> NDArray[np.float64]:
        """(4, 4) float64, m: where the right view stands, in the frame of the left one."""
        return cast(StereoRgbdFrame, self._last).left_from_right.copy()

    def retrieve_rgb_image_as_int(self, view: str = LEFT_RGB) -> NDArray[np.uint8]:
        """Return the grabbed image of a view, (height, width, 3) uint8 RGB. New array, yours to keep.

        Args:
            view: left or right.

        Raises:
            NotGrabbedError: nothing was grabbed yet.
        """
        frame = self._grabbed("retrieve_rgb_image_as_int")
        return as_rgb(frame.right.image if _is_right(view) else frame.image, frame.encoding)

    def retrieve_rgb_image(self, view: str = LEFT_RGB) -> NDArray[np.float32]:
        """Return the grabbed image of a view, (height, width, 3) float32 RGB from 0 to 1. New array, yours to keep.

        Args:
            view: left or right.

        Raises:
            NotGrabbedError: nothing was grabbed yet.
        """
        self._grabbed("retrieve_rgb_image")
        return as_float_image(self.retrieve_rgb_image_as_int(view))

    def get_rgb_image(self, view: str = LEFT_RGB) -> NDArray[np.float32]:
        """Grab and retrieve. Deprecated, as in airo-mono: use grab_images() and retrieve_rgb_image()."""
        self._grab_for_deprecated("rgb_image")
        return self.retrieve_rgb_image(view)

    def get_rgb_image_as_int(self, view: str = LEFT_RGB) -> NDArray[np.uint8]:
        """Grab and retrieve. Deprecated, as in airo-mono: use grab_images() and retrieve_rgb_image_as_int()."""
        self._grab_for_deprecated("rgb_image_as_int")
        return self.retrieve_rgb_image_as_int(view)

    def _grabbed(self, what: str) -> StereoRgbdFrame:
        return cast(StereoRgbdFrame, super()._grabbed(what))


def _is_right(view: str) -> bool:
    if view not in StereoRGBDCamera._VIEWS:
        raise ValueError(f"got the view {view!r}: expected left or right")
    return view == StereoRGBDCamera.RIGHT_RGB


register_interface(RGBDCamera, "RGBDCamera")
register_interface(StereoRGBDCamera, "StereoRGBDCamera")
