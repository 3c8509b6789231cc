"""What the publishers of all families of messages have in common."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rclpy.qos import QoSProfile

from airo_frames.encodings import encoding_named
from airo_frames.exceptions import ArrayContractError
from airo_frames.formats import FrameFormat
from airo_frames.intrinsics import Intrinsics
from airo_frames.message_fields import write_intrinsics
from airo_frames.stamps import write_stamp
from airo_frames.text import write_text
from rclpy_loans import LoanPublisher

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["StreamPublisher", "check_image", "pixels_of", "write_layout"]


class StreamPublisher:
    """Publishes the numbered messages of one camera, in the next larger message class when they outgrow theirs.

    Args:
        node: the node that publishes.
        topic: of the messages.
        frame_format: message class of the first message.
        frame_id: optical frame of the camera (x right, y down, z forward).
        qos: see rclpy_loans.loan_qos(), which is the default.
    """

    def __init__(
        self, node: Node, topic: str, *, frame_format: FrameFormat, frame_id: str, qos: QoSProfile | None
    ) -> None:
        self._node = node
        self._topic = topic
        self._frame_id = frame_id
        self._qos = qos
        self._sequence = 0
        self._open(frame_format)

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

    def close(self) -> None:
        """Stop publishing. Calling it again does nothing."""
        self._publisher.close()

    @contextmanager
    def _loan(
        self, needed: FrameFormat, *, stamp_nanos: int, intrinsics: Intrinsics | None, sequence: int | None
    ) -> Iterator[NDArray[np.void]]:
        """Lend a message with time, frame and intrinsics filled in, and publish it at the end of the block."""
        if needed.capacity > self.format.capacity:
            self.close()
            self._open(needed)
        number = self._sequence + 1 if sequence is None else sequence
        with self._publisher.loan(sequence=number) as message:
            write_stamp(message["stamp"], stamp_nanos)
            write_text(message["frame_id"], self._frame_id, name="frame_id")
            write_intrinsics(message, intrinsics)
            yield message
        self._sequence = number


def write_layout(message: NDArray[np.void], size_wh: tuple[int, int], encoding: str) -> None:
    """Write size, step and encoding of an image to its message, in place."""
    message["width"], message["height"] = size_wh
    message["step"] = encoding_named(encoding).row_bytes(size_wh[0])
    write_text(message["encoding"], encoding, name="encoding")


def pixels_of(message: NDArray[np.void], field: str, size_wh: tuple[int, int], encoding: str) -> NDArray[Any]:
    """Return the image in a field of bytes.

    Memory: writable view of the message.
    """
    kind = encoding_named(encoding)
    return np.ndarray(kind.shape(size_wh), kind.dtype, buffer=message[field])


def check_image(image: NDArray[Any], encoding: str) -> tuple[int, int]:
    """Return the (width, height) of an image, px.

    Raises:
        ArrayContractError: its shape or dtype does not suit the encoding.
        EncodingError: the encoding is unknown.
    """
    kind = encoding_named(encoding)
    size_wh = (image.shape[1], image.shape[0]) if image.ndim >= 2 else (0, 0)
    if image.dtype != kind.dtype or image.shape != kind.shape(size_wh) or 0 in size_wh:
        channels = "" if kind.channels == 1 else f", {kind.channels}"
        raise ArrayContractError(
            f"got an image of shape {image.shape}, {image.dtype}: "
            f"expected (height, width{channels}) {kind.dtype} for {encoding}"
        )
    return size_wh
