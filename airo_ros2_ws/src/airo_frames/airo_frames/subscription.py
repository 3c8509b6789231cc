"""Receiving frames as views of the shared memory that the camera wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rclpy.qos import QoSProfile

from airo_frames.formats import FRAME_FAMILIES
from airo_frames.frame import Frame
from airo_frames.remote_stream import RemoteFrames
from airo_frames.rgbd_frame import read_frame
from airo_frames.stream_subscription import StreamSubscription

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["FrameSubscription"]


class FrameSubscription(StreamSubscription[Frame]):
    """Receives the frames of one camera, whatever message class it uses, also when it is restarted with another one.

    A camera with depth gives a RgbdFrame and a stereo camera with depth a StereoRgbdFrame; both are a Frame, too.
    The frames of a camera on another host come as JPEG images from the compressed relay there, which is said once: they
    are a Frame without depth, and is_zero_copy is False.
    With a callback it belongs to the node's executor, which calls it; without one, `take()` waits for frames.

    Args:
        node: the node that subscribes.
        topic: by convention <camera>/frame.
        callback: called by the executor with a Frame.
        qos: see rclpy_loans.loan_qos(), which is the default.
        newest: hand only the newest waiting frame to the callback, otherwise each of them.
    """

    def __init__(
        self,
        node: Node,
        topic: str,
        callback: Callable[[Frame], None] | None = None,
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
            families=FRAME_FAMILIES,
            noun="frame",
            read=read_frame,
            make_remote=RemoteFrames,
        )
