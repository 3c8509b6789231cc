"""Publishing frames: a source writes its pixels straight into shared memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from rclpy.qos import QoSProfile

from airo_frames.formats import smallest_format
from airo_frames.intrinsics import Intrinsics
from airo_frames.stream_publisher import StreamPublisher, check_image, pixels_of, write_layout

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["FramePublisher"]


class FramePublisher(StreamPublisher):
    """Publishes the images of one camera. Use it from one thread at a time; it never waits for a subscriber.

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
        super().__init__(node, topic, frame_format=smallest_format(size_wh, encoding), frame_id=frame_id, qos=qos)

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
        loan = self._loan(
            smallest_format(size_wh, encoding), stamp_nanos=stamp_nanos, intrinsics=intrinsics, sequence=sequence
        )
        with loan as message:
            write_layout(message, size_wh, encoding)
            yield pixels_of(message, "data", size_wh, encoding)

    def publish(
        self,
        image: NDArray[Any],
        *,
        stamp_nanos: int,
        encoding: str,
        intrinsics: Intrinsics | None = None,
        sequence: int | None = None,
    ) -> None:
        """Copy an image into shared memory and publish it. Prefer borrow(), which saves the copy.

        Raises:
            ArrayContractError: the image's shape or dtype does not suit the encoding; borrow() has the other errors.
        """
        size_wh = check_image(image, encoding)
        with self.borrow(
            stamp_nanos=stamp_nanos, size_wh=size_wh, encoding=encoding, intrinsics=intrinsics, sequence=sequence
        ) as out:
            out[...] = image
