"""Publishing frames with depth: a source writes all of a frame straight into shared memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from rclpy.qos import QoSProfile

from airo_frames.exceptions import ArrayContractError
from airo_frames.formats import smallest_format
from airo_frames.intrinsics import Intrinsics
from airo_frames.message_fields import write_intrinsics
from airo_frames.stream_publisher import StreamPublisher, check_image, pixels_of, write_layout

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["RgbdPlanes", "RgbdPublisher", "StereoRgbdPlanes", "StereoRgbdPublisher"]


@dataclass(frozen=True, eq=False)
class RgbdPlanes:
    """A frame with depth to be filled.

    Memory: writable views of the shared slot; fill all of each, inside the block that lends them only.

    Attributes:
        image: in the encoding's shape and dtype.
        depth: (height, width) float32, m along the optical axis; NaN where it is not known.
        confidence: (height, width) float32 of the depth, from 0 to 1, which is sure; None when none is published.
    """

    image: NDArray[Any]
    depth: NDArray[np.float32]
    confidence: NDArray[np.float32] | None


@dataclass(frozen=True, eq=False)
class StereoRgbdPlanes(RgbdPlanes):
    """A frame of a stereo camera to be filled: the left view's planes and `right`, in the image's shape and dtype."""

    right: NDArray[Any]


class _DepthPublisher(StreamPublisher):
    """What both publishers have in common."""

    _family: ClassVar[str]

    def __init__(
        self,
        node: Node,
        topic: str,
        *,
        size_wh: tuple[int, int],
        encoding: str,
        frame_id: str,
        qos: QoSProfile | None = None,
    ) -> None:
        frame_format = smallest_format(size_wh, encoding, family=self._family)
        super().__init__(node, topic, frame_format=frame_format, frame_id=frame_id, qos=qos)

    @contextmanager
    def _planes(
        self,
        *,
        stamp_nanos: int,
        size_wh: tuple[int, int],
        encoding: str,
        intrinsics: Intrinsics | None,
        has_confidence: bool,
        sequence: int | None,
    ) -> Iterator[tuple[NDArray[np.void], RgbdPlanes]]:
        needed = smallest_format(size_wh, encoding, family=self._family)
        with self._loan(needed, stamp_nanos=stamp_nanos, intrinsics=intrinsics, sequence=sequence) as message:
            write_layout(message, size_wh, encoding)
            message["has_confidence"] = has_confidence
            width, height = size_wh
            depth, confidence = (
                message[name][: width * height].reshape(height, width) for name in ("depth", "confidence")
            )
            image = pixels_of(message, "data", size_wh, encoding)
            yield message, RgbdPlanes(image, depth, confidence if has_confidence else None)


class RgbdPublisher(_DepthPublisher):
    """Publishes the frames of one camera with depth. Use it from one thread at a time; it never waits for a subscriber.

    Args:
        node: the node that publishes.
        topic: by convention <camera>/frame.
        size_wh: (width, height), px, of the first frame; the smallest message class that holds it is chosen, and a
            larger one when a larger frame comes.
        encoding: of the first frame, one of airo_frames.encodings.ENCODINGS.
        frame_id: optical frame of the camera (x right, y down, z forward).
        qos: see rclpy_loans.loan_qos(), which is the default.

    Raises:
        EncodingError: the encoding is unknown.
        FrameTooLargeError: no message class is large enough.
    """

    _family = "Rgbd"

    @contextmanager
    def borrow(
        self,
        *,
        stamp_nanos: int,
        size_wh: tuple[int, int],
        encoding: str,
        intrinsics: Intrinsics | None = None,
        has_confidence: bool = True,
        sequence: int | None = None,
    ) -> Iterator[RgbdPlanes]:
        """Lend a frame to fill, and publish it at the end of the block; an exception in the block publishes nothing.

        Memory: writable views of the shared slot; fill all of each, inside the block only.

        Args:
            stamp_nanos: acquisition time, ns since the epoch.
            size_wh: (width, height), px.
            encoding: of the image, one of airo_frames.encodings.ENCODINGS.
            intrinsics: of image and depth, None when the camera is not calibrated.
            has_confidence: whether the confidence is filled, too.
            sequence: number of the frame, by default the last one plus 1.

        Yields:
            What it holds at the start is undefined.

        Raises:
            EncodingError: the encoding is unknown.
            FrameTooLargeError: no message class is large enough.
            ArrayContractError: the frame id is too long for a message.
            rclpy_loans.PublisherError: the middleware refused the frame.
        """
        with self._planes(
            stamp_nanos=stamp_nanos,
            size_wh=size_wh,
            encoding=encoding,
            intrinsics=intrinsics,
            has_confidence=has_confidence,
            sequence=sequence,
        ) as (_, planes):
            yield planes

    def publish(
        self,
        image: NDArray[Any],
        depth: NDArray[np.float32],
        confidence: NDArray[np.float32] | None = None,
        *,
        stamp_nanos: int,
        encoding: str,
        intrinsics: Intrinsics | None = None,
        sequence: int | None = None,
    ) -> None:
        """Copy a frame into shared memory and publish it. Prefer borrow(), which saves the copy.

        Raises:
            ArrayContractError: a shape or dtype does not suit the encoding or the image; borrow() has the other errors.
        """
        size_wh = check_image(image, encoding)
        _check_depth(size_wh, depth=depth, confidence=confidence)
        with self.borrow(
            stamp_nanos=stamp_nanos,
            size_wh=size_wh,
            encoding=encoding,
            intrinsics=intrinsics,
            has_confidence=confidence is not None,
            sequence=sequence,
        ) as planes:
            _fill(planes, image, depth, confidence)


class StereoRgbdPublisher(_DepthPublisher):
    """Publishes the frames of one stereo camera with depth; everything but `right` is the left view's.

    Its arguments are those of RgbdPublisher.
    """

    _family = "StereoRgbd"

    @contextmanager
    def borrow(
        self,
        *,
        stamp_nanos: int,
        size_wh: tuple[int, int],
        encoding: str,
        left_from_right: ArrayLike,
        intrinsics: Intrinsics | None = None,
        right_intrinsics: Intrinsics | None = None,
        has_confidence: bool = True,
        sequence: int | None = None,
    ) -> Iterator[StereoRgbdPlanes]:
        """Lend a frame to fill, and publish it at the end of the block; an exception in the block publishes nothing.

        Memory: writable views of the shared slot; fill all of each, inside the block only.

        Args:
            stamp_nanos: acquisition time, ns since the epoch.
            size_wh: (width, height), px, of both views.
            encoding: of both views, one of airo_frames.encodings.ENCODINGS.
            left_from_right: (4, 4), m, pose of the right view in the left view.
            intrinsics: of the left view and the depth, None when the camera is not calibrated.
            right_intrinsics: of the right view, None when the camera is not calibrated.
            has_confidence: whether the confidence is filled, too.
            sequence: number of the frame, by default the last one plus 1.

        Yields:
            What it holds at the start is undefined.

        Raises:
            ArrayContractError: `left_from_right` is not (4, 4) or not finite; RgbdPublisher.borrow() has
                the other errors.
        """
        pose = np.asarray(left_from_right, dtype=np.float64)
        if pose.shape != (4, 4) or not np.isfinite(pose).all():
            raise ArrayContractError(f"left_from_right is {pose.tolist()}: expected a finite (4, 4) matrix")
        with self._planes(
            stamp_nanos=stamp_nanos,
            size_wh=size_wh,
            encoding=encoding,
            intrinsics=intrinsics,
            has_confidence=has_confidence,
            sequence=sequence,
        ) as (message, planes):
            message["left_from_right"] = pose.ravel()
            write_intrinsics(message, right_intrinsics, prefix="right_")
            right = pixels_of(message, "right_data", size_wh, encoding)
            yield StereoRgbdPlanes(planes.image, planes.depth, planes.confidence, right)

    def publish(
        self,
        image: NDArray[Any],
        right: NDArray[Any],
        depth: NDArray[np.float32],
        confidence: NDArray[np.float32] | None = None,
        *,
        stamp_nanos: int,
        encoding: str,
        left_from_right: ArrayLike,
        intrinsics: Intrinsics | None = None,
        right_intrinsics: Intrinsics | None = None,
        sequence: int | None = None,
    ) -> None:
        """Copy a frame into shared memory and publish it. Prefer borrow(), which saves the copy.

        Raises:
            ArrayContractError: a shape or dtype does not suit the encoding or the left view; borrow() has the other
                errors.
        """
        size_wh = check_image(image, encoding)
        if check_image(right, encoding) != size_wh:
            raise ArrayContractError(f"got a right view of shape {right.shape}: expected {image.shape}, as the left")
        _check_depth(size_wh, depth=depth, confidence=confidence)
        with self.borrow(
            stamp_nanos=stamp_nanos,
            size_wh=size_wh,
            encoding=encoding,
            left_from_right=left_from_right,
            intrinsics=intrinsics,
            right_intrinsics=right_intrinsics,
            has_confidence=confidence is not None,
            sequence=sequence,
        ) as planes:
            _fill(planes, image, depth, confidence)
            planes.right[...] = right


def _check_depth(size_wh: tuple[int, int], **planes: NDArray[np.float32] | None) -> None:
    width, height = size_wh
    for name, plane in planes.items():
        if plane is not None and (plane.shape != (height, width) or plane.dtype != np.float32):
            raise ArrayContractError(
                f"got {name} of shape {plane.shape}, {plane.dtype}: expected {(height, width)} float32, as the image"
            )


def _fill(
    planes: RgbdPlanes, image: NDArray[Any], depth: NDArray[np.float32], confidence: NDArray[np.float32] | None
) -> None:
    planes.image[...] = image
    planes.depth[...] = depth
    if planes.confidence is not None and confidence is not None:
        planes.confidence[...] = confidence
