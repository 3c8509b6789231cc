"""Publishing frames: a source writes its pixels straight into shared memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rclpy.qos import QoSProfile

from airo_frames.encodings import encoding_named
from airo_frames.exceptions import ArrayContractError
from airo_frames.formats import FrameFormat, smallest_format
from airo_frames.intrinsics import Intrinsics
from airo_frames.stamps import write_stamp
from airo_frames.text import write_text
from rclpy_loans import LoanPublisher

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["FramePublisher"]


class FramePublisher:
    """Publishes the frames of one camera. Use it from one thread at a time; it never waits for a subscriber.

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
        self._node = node
        self._topic = topic
        self._frame_id = frame_id
        self._qos = qos
        self._sequence = 0
        self._open(smallest_format(size_wh, encoding))

    def _open(self, frame_format: FrameFormat) -> None:
        self.format = frame_format
        self._publisher = LoanPublisher(self._node, frame_format.msg_type, self._topic, qos=self._qos)

    @property
    def topic(self) -> str:
        """Resolved name of the topic."""
        return self._publisher.topic

    @property
    def sequence(self) -> int:
        """Number of the frame that was published last; 0 before the first."""
        return self._sequence

    @property
    def is_zero_copy(self) -> bool:
        """Whether frames are written in shared memory; known after the first one."""
        return self._publisher.is_zero_copy

    @property
    def subscription_count(self) -> int:
        """Subscriptions that are connected now."""
        return self._publisher.subscription_count

    @contextmanager
    def borrow(
        self,
        *,
        stamp_nanos: int,
        size_wh: tuple[int, int],
        encoding: str,
        intrinsics: Intrinsics | None = None,
        sequence: int | None = None,
    ) -> Iterator[NDArray[Any]]:
        """Lend an image to fill, and publish it at the end of the block; an exception in the block publishes nothing.

        Memory: writable view of the shared slot; fill all of it, inside the block only.

        Args:
            stamp_nanos: acquisition time, ns since the epoch.
            size_wh: (width, height), px.
            encoding: one of airo_frames.encodings.ENCODINGS.
            intrinsics: of this image, None when the camera is not calibrated.
            sequence: number of the frame, by default the last one plus 1.

        Yields:
            Image in the encoding's shape and dtype; what it holds at the start is undefined.

        Raises:
            EncodingError: the encoding is unknown.
            FrameTooLargeError: no message class is large enough.
            ArrayContractError: the frame id is too long for a message.
            rclpy_loans.PublisherError: the middleware refused the frame.
        """
        needed = smallest_format(size_wh, encoding)
        if needed.capacity > self.format.capacity:
            self.close()
            self._open(needed)
        number = self._sequence + 1 if sequence is None else sequence
        with self._publisher.loan(sequence=number) as message:
            self._write_head(message, stamp_nanos, size_wh, encoding, intrinsics)
            kind = encoding_named(encoding)
            yield np.ndarray(kind.shape(size_wh), kind.dtype, buffer=message["data"])
        self._sequence = number

    def publish(
        self, image: NDArray[Any], *, stamp_nanos: int, encoding: str, intrinsics: Intrinsics | None = None
    ) -> None:
        """Copy an image into shared memory and publish it. Prefer borrow(), which saves the copy.

        Raises:
            ArrayContractError: the image's shape or dtype does not suit the encoding.
            See borrow() for the others.
        """
        kind = encoding_named(encoding)
        size_wh = (image.shape[1], image.shape[0]) if image.ndim >= 2 else (0, 0)
        if image.dtype != kind.dtype or image.shape != kind.shape(size_wh) or 0 in size_wh:
            channels = "" if kind.channels == 1 else f", {kind.channels}"
            raise ArrayContractError(
                f"got an image of shape {image.shape}, {image.dtype}: "
                f"expected (height, width{channels}) {kind.dtype} for {encoding}"
            )
        with self.borrow(stamp_nanos=stamp_nanos, size_wh=size_wh, encoding=encoding, intrinsics=intrinsics) as out:
            out[...] = image

    def close(self) -> None:
        """Stop publishing. Calling it again does nothing."""
        self._publisher.close()

    def _write_head(
        self,
        message: NDArray[np.void],
        stamp_nanos: int,
        size_wh: tuple[int, int],
        encoding: str,
        intrinsics: Intrinsics | None,
    ) -> None:
        write_stamp(message["stamp"], stamp_nanos)
        message["width"], message["height"] = size_wh
        message["step"] = encoding_named(encoding).row_bytes(size_wh[0])
        write_text(message["encoding"], encoding, name="encoding")
        write_text(message["frame_id"], self._frame_id, name="frame_id")
        if intrinsics is None:
            message["k"], message["d_count"] = 0.0, 0
            return
        message["k"] = intrinsics.camera_matrix.ravel()
        message["r"] = intrinsics.rectification.ravel()
        message["p"] = intrinsics.projection.ravel()
        message["d"][: intrinsics.distortion.size] = intrinsics.distortion
        message["d_count"] = intrinsics.distortion.size
        write_text(message["distortion_model"], intrinsics.distortion_model, name="distortion model")
