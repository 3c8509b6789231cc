"""Publishing the point clouds of cameras that make their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rclpy.qos import QoSProfile

from airo_frames.exceptions import ArrayContractError
from airo_frames.formats import smallest_cloud_format
from airo_frames.intrinsics import Intrinsics
from airo_frames.point_cloud import PointCloud
from airo_frames.stream_publisher import StreamPublisher

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["PointCloudPublisher"]


class PointCloudPublisher(StreamPublisher):
    """Publishes the point clouds of one camera. Use it from one thread at a time; it never waits for a subscriber.

    For clouds that are more than the depth of an image: readers of a RgbdFrame make its cloud themselves.

    Args:
        node: the node that publishes.
        topic: by convention <camera>/cloud.
        count: points of the first cloud; the smallest message class that holds them is chosen, and a larger one when
            a larger cloud comes.
        frame_id: optical frame of the camera (x right, y down, z forward).
        qos: see rclpy_loans.loan_qos(), which is the default.

    Raises:
        FrameTooLargeError: no message class is large enough.
    """

    def __init__(self, node: Node, topic: str, *, count: int, frame_id: str, qos: QoSProfile | None = None) -> None:
        super().__init__(node, topic, frame_format=smallest_cloud_format(count), frame_id=frame_id, qos=qos)

    @contextmanager
    def borrow(
        self,
        *,
        stamp_nanos: int,
        count: int,
        has_colors: bool = True,
        size_wh: tuple[int, int] = (0, 0),
        intrinsics: Intrinsics | None = None,
        sequence: int | None = None,
    ) -> Iterator[PointCloud]:
        """Lend a cloud to fill, and publish it at the end of the block; an exception in the block publishes nothing.

        Memory: writable views of the shared slot; fill all of each, inside the block only.

        Args:
            stamp_nanos: acquisition time, ns since the epoch.
            count: number of points.
            has_colors: whether the colours are filled, too.
            size_wh: (width, height), px, of the image that the points come from; (0, 0) when there is none.
            intrinsics: of that image.
            sequence: number of the camera's frame that the cloud belongs to, by default the last one plus 1.

        Yields:
            (count, 3) points and colours; what they hold at the start is undefined.

        Raises:
            FrameTooLargeError: no message class is large enough.
            rclpy_loans.PublisherError: the middleware refused the cloud.
        """
        needed = smallest_cloud_format(count)
        with self._loan(needed, stamp_nanos=stamp_nanos, intrinsics=intrinsics, sequence=sequence) as message:
            message["width"], message["height"] = size_wh
            message["step"], message["encoding"] = 0, 0
            message["count"], message["has_colors"] = count, has_colors
            points, colors = (message[name][: 3 * count].reshape(-1, 3) for name in ("points", "colors"))
            yield PointCloud(points, colors if has_colors else None)

    def publish(
        self,
        points: NDArray[np.float32],
        colors: NDArray[np.uint8] | None = None,
        *,
        stamp_nanos: int,
        size_wh: tuple[int, int] = (0, 0),
        intrinsics: Intrinsics | None = None,
        sequence: int | None = None,
    ) -> None:
        """Copy a cloud into shared memory and publish it.

        Args:
            points: (N, 3) float32, m, in the optical frame.
            colors: (N, 3) uint8 RGB, None when the points have none.
            stamp_nanos: see borrow(), as the others.
            size_wh: see borrow().
            intrinsics: see borrow().
            sequence: see borrow().

        Raises:
            ArrayContractError: a shape or dtype is another; borrow() has the other errors.
        """
        expected = (len(points), 3)
        if points.shape != expected or points.dtype != np.float32:
            raise ArrayContractError(f"got points of shape {points.shape}, {points.dtype}: expected (N, 3) float32")
        if colors is not None and (colors.shape != expected or colors.dtype != np.uint8):
            raise ArrayContractError(f"got colours of shape {colors.shape}, {colors.dtype}: expected {expected} uint8")
        with self.borrow(
            stamp_nanos=stamp_nanos,
            count=len(points),
            has_colors=colors is not None,
            size_wh=size_wh,
            intrinsics=intrinsics,
            sequence=sequence,
        ) as cloud:
            cloud.points[...] = points
            if cloud.colors is not None and colors is not None:
                cloud.colors[...] = colors
