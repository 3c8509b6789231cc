"""Receiving point clouds as views of the shared memory that the camera wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rclpy.qos import QoSProfile

from airo_frames.formats import POINT_CLOUD_FAMILY
from airo_frames.point_cloud_frame import PointCloudFrame
from airo_frames.stream_subscription import StreamSubscription

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["PointCloudSubscription"]


class PointCloudSubscription(StreamSubscription[PointCloudFrame]):
    """Receives the point clouds of one camera that publishes its own; a RgbdFrame has point_cloud() without it.

    With a callback it belongs to the node's executor, which calls it; without one, `take()` waits for clouds.

    Args:
        node: the node that subscribes.
        topic: by convention <camera>/cloud.
        callback: called by the executor with a PointCloudFrame.
        qos: see rclpy_loans.loan_qos(), which is the default.
        newest: hand only the newest waiting cloud to the callback, otherwise each of them.
    """

    def __init__(
        self,
        node: Node,
        topic: str,
        callback: Callable[[PointCloudFrame], None] | None = None,
        *,
        qos: QoSProfile | None = None,
        newest: bool = True,
    ) -> None:
        super().__init__(
            node,
            topic,
            callback,
            qos=qos,
            newest=newest,
            families=(POINT_CLOUD_FAMILY,),
            noun="cloud",
            read=PointCloudFrame.from_sample,
        )
