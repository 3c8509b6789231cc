"""Cameras with the interface of airo-mono: Zed, Realsense, OpenCVVideoCapture, or a class of your own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_camera.exceptions import CameraError, SourceOpenError, SourceReadError
from airo_camera.sources.pacing import Pacer
from airo_camera.sources.retrieval import check_target, not_open
from airo_camera.sources.source import GrabbedImage, RightView, Source
from airo_frames.intrinsics import Intrinsics
from airo_frames.point_cloud import PointCloud
from airo_frames.stamps import NANOS_PER_SEC

__all__ = ["AiroSource"]

_logger = logging.getLogger(__name__)
_METHODS = ("grab_images", "retrieve_rgb_image_as_int")
_RIGHT = {"view": "right"}
# Where airo-mono defines what a camera does that has no confidence of its own.
_INTERFACES = "airo_camera_toolkit.interfaces"
# How airo-mono's cameras say that they are not calibrated, or that depth is switched off.
_NOT_AVAILABLE = (RuntimeError, NotImplementedError)


class AiroSource(Source):
    """A camera object with grab_images() and retrieve_rgb_image_as_int(), and what else of airo-mono it has.

    * intrinsics_matrix(): intrinsics go with each frame.
    * retrieve_depth_map(): frames have depth. Infinite and not positive depths, by which cameras say that they do not
      know, become NaN.
    * retrieve_confidence_map() of its own: frames have confidence. The one that airo-mono computes from depth or from
      two images is not sent: a reader can compute it.
    * pose_of_right_view_in_left_view and a view "right": frames have both views.
    * retrieve_colored_point_cloud(): clouds of its own, for whoever asks for them.
    * get_current_timestamp(): seconds, used as stamp.

    If it is a context manager, it is entered and left.

    Args:
        make_camera: makes the camera object; called by open(), so that the device belongs to the process and the thread
            that read it.
        name: of the source, for error messages.
        rate: images per second, at most, for a camera that does not wait for its next image itself; None for no limit.
    """

    is_live = True
    is_exclusive = True

    def __init__(self, make_camera: Callable[[], Any], *, name: str, rate: float | None = None) -> None:
        self._make_camera = make_camera
        self._name = name
        self._rate = rate
        self._camera: Any = None
        self._stack = ExitStack()  # leaves the camera if it is a context manager
        self._pacer = Pacer()
        self._index = 0
        self._image: NDArray[np.uint8] = np.empty((0, 0, 3), np.uint8)  # of the left view, as grabbed
        self._grabbed: GrabbedImage | None = None
        self._intrinsics: dict[str, Intrinsics] = {}  # by view, as long as they are the same
        # What the camera has, found out when it grabs first.
        self._has_depth = self._has_confidence = self._has_right = False

    def open(self) -> None:
        """Make the camera object.

        Raises:
            SourceOpenError: it could not be made, or lacks a method of a camera.
        """
        self.close()
        camera = self._called("could not be opened", self._make_camera, error=SourceOpenError)
        missing = [name for name in _METHODS if not callable(getattr(camera, name, None))]
        if missing:
            raise SourceOpenError(
                f"{self._name} gave a {type(camera).__name__} without {' and '.join(missing)}(): "
                "expected a camera with the interface of airo-mono (airo_camera_toolkit.interfaces.RGBCamera)"
            )
        if hasattr(camera, "__enter__") and hasattr(camera, "__exit__"):
            self._called("could not be opened", lambda: self._stack.enter_context(camera), error=SourceOpenError)
        self._camera = camera
        self._pacer = Pacer()
        self._index = 0
        self._intrinsics = {}
        fps = getattr(camera, "fps", None)
        self.fps = self._rate or (float(fps) if fps else None)

    def grab(self) -> GrabbedImage | None:
        """Let the camera grab; None when it says that it has come to its end (EOFError).

        The stamp is the time at which the camera had its image, unless it tells one.

        Raises:
            SourceReadError: the camera failed, or its image is not (height, width, 3) uint8.
        """
        if self._camera is None:
            raise not_open(self)
        if self._rate is not None:
            self._index = 1 + self._pacer.wait_for_newest(self._index, period=1 / self._rate)
        is_first = self._grabbed is None
        try:
            self._called("failed", self._camera.grab_images)
        except EOFError:
            return None
        stamp_nanos = time.time_ns()
        if callable(told := getattr(self._camera, "get_current_timestamp", None)):
            stamp_nanos = int(self._called("failed", told) * NANOS_PER_SEC)
        self._image = self._read_image()
        if is_first:
            self._look_at_what_it_has()
        self._grabbed = GrabbedImage(
            stamp_nanos,
            (self._image.shape[1], self._image.shape[0]),
            "rgb8",
            self._read_intrinsics(),
            has_depth=self._has_depth,
            has_confidence=self._has_confidence,
            right=self._read_right_view() if self._has_right else None,
        )
        return self._grabbed

    def retrieve(self, out: NDArray[Any]) -> None:
        """Copy the grabbed image into `out`.

        Raises:
            SourceReadError: nothing was grabbed.
            ArrayContractError: `out` has another shape, dtype or layout.
        """
        check_target(out, self._grabbed)
        np.copyto(out, self._image)

    def retrieve_depth(self, out: NDArray[np.float32]) -> None:
        """Copy the depth into `out`, with NaN where it is infinite or not above 0; see Source."""
        np.copyto(out, self._map_of("retrieve_depth_map", out.shape))
        is_known = out > 0
        is_known &= out < np.inf
        np.copyto(out, np.nan, where=np.logical_not(is_known, out=is_known))

    def retrieve_confidence(self, out: NDArray[np.float32]) -> None:
        """Copy the confidence into `out`; see Source."""
        np.copyto(out, self._map_of("retrieve_confidence_map", out.shape))

    def retrieve_right(self, out: NDArray[Any]) -> None:
        """Copy the right view into `out`; see Source."""
        check_target(out, self._grabbed)
        image = self._read_image(**_RIGHT)
        if image.shape != out.shape:
            raise SourceReadError(f"{self._name}: the right view is {image.shape}: expected {out.shape}, as the left")
        np.copyto(out, image)

    def retrieve_cloud(self) -> PointCloud:
        """Return the points of retrieve_colored_point_cloud() that are finite; see Source."""
        if self._grabbed is None or not callable(getattr(self._camera, "retrieve_colored_point_cloud", None)):
            return super().retrieve_cloud()
        cloud = self._called("failed", self._camera.retrieve_colored_point_cloud)
        points = np.asarray(cloud.points, dtype=np.float32)
        colors = None if cloud.colors is None else np.asarray(cloud.colors)
        if points.ndim != 2 or points.shape[1] != 3 or (colors is not None and colors.shape != points.shape):
            shapes = f"points {points.shape}" + ("" if colors is None else f" and colors {colors.shape}")
            raise SourceReadError(f"{self._name}.retrieve_colored_point_cloud() gave {shapes}: expected (N, 3) each")
        known = np.isfinite(points).all(axis=1)
        if known.all():
            return PointCloud(points, colors)
        return PointCloud(points[known], None if colors is None else colors[known])

    def close(self) -> None:
        """Leave the camera object."""
        self._camera = self._grabbed = None
        self._image = np.empty((0, 0, 3), np.uint8)
        self._stack.close()

    def _look_at_what_it_has(self) -> None:
        camera = self._camera
        self._has_depth = self._gives("depth", getattr(camera, "retrieve_depth_map", None))
        own = getattr(type(camera), "retrieve_confidence_map", None)
        is_own = own is not None and own.__module__ != _INTERFACES
        self._has_confidence = self._has_depth and is_own and self._gives("confidence", camera.retrieve_confidence_map)
        self._has_right = self._has_depth and "pose_of_right_view_in_left_view" in dir(camera)

    def _gives(self, what: str, function: Callable[[], Any] | None) -> bool:
        """Return whether the camera has it now; cameras say with an error that it is switched off."""
        if function is None:
            return False
        try:
            function()
        except _NOT_AVAILABLE as error:
            _logger.info("%s gives no %s: %s", self._name, what, error)
            return False
        return True

    def _called(self, what: str, function: Callable[[], Any], *, error: type[CameraError] = SourceReadError) -> Any:
        """Call a function of the camera; whatever it raises becomes an error that names the camera."""
        try:
            return function()
        except (CameraError, EOFError):
            raise
        except Exception as caught:
            raise error(f"{self._name} {what}: {type(caught).__name__}: {caught}") from caught

    def _read_image(self, **view: str) -> NDArray[np.uint8]:
        image = np.asarray(self._called("failed", lambda: self._camera.retrieve_rgb_image_as_int(**view)))
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
            raise SourceReadError(
                f"{self._name}.retrieve_rgb_image_as_int() gave {image.dtype} {image.shape}: "
                "expected (height, width, 3) uint8 RGB"
            )
        return image

    def _map_of(self, method: str, shape: tuple[int, ...]) -> NDArray[np.floating[Any]]:
        if self._camera is None or self._grabbed is None:
            raise SourceReadError(f"{self._name}: there is nothing to retrieve: call grab() first")
        values = np.asarray(self._called("failed", getattr(self._camera, method)))
        if values.shape != shape or not np.issubdtype(values.dtype, np.floating):
            raise SourceReadError(
                f"{self._name}.{method}() gave {values.dtype} {values.shape}: expected {shape} float32, as the image"
            )
        return values

    def _read_right_view(self) -> RightView:
        pose = np.asarray(self._called("failed", lambda: self._camera.pose_of_right_view_in_left_view), np.float64)
        return RightView(pose, self._read_intrinsics(**_RIGHT))

    def _read_intrinsics(self, **view: str) -> Intrinsics | None:
        if not callable(getattr(self._camera, "intrinsics_matrix", None)):
            return None
        key = view.get("view", "left")
        try:
            matrix = self._camera.intrinsics_matrix(**view)
        except _NOT_AVAILABLE as error:
            if self._grabbed is None:
                _logger.info("%s has no intrinsics: %s", self._name, error)
            return None
        known = self._intrinsics.get(key)
        if known is None or not np.array_equal(known.camera_matrix, matrix):
            known = self._intrinsics[key] = self._called(
                "failed", lambda: Intrinsics(np.asarray(matrix, dtype=np.float64))
            )
        return known
