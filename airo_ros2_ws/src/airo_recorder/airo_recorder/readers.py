"""What the recorder node reads: frames, tags and transforms."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from airo_camera_msgs.msg import TagDetections
from numpy.typing import NDArray
from rclpy.executors import ExternalShutdownException
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import UInt64

from airo_frames import EncodingError, FrameSubscription, FrameTimeoutError, PointCloudSubscription
from airo_recorder.camera_recorder import CameraRecorder
from airo_recorder.ros_messages import RosMessage
from rclpy_loans import LoanPublisher, LoanSubscription, Sample, SampleOverwrittenError, loan_qos

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["CloudReader", "FrameReader", "TagReader", "TransformReader"]

_logger = logging.getLogger(__name__)
_TAKE_SECS = 0.2  # how soon a thread notices that it should end


class _Reader(ABC):
    """A thread that takes from a subscription.

    Args:
        subscription: closed with it.
        name: of the thread.
        failed: called in the thread with what ended it.
    """

    def __init__(
        self,
        subscription: FrameSubscription | PointCloudSubscription,
        *,
        name: str,
        failed: Callable[[Exception], None],
    ) -> None:
        self._subscription = subscription
        self._failed = failed
        self._is_stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End the thread after what it is at."""
        self._is_stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._subscription.close()

    def _run(self) -> None:
        try:
            while not self._is_stopping.is_set():
                self._take()
        except ExternalShutdownException:
            return
        except Exception as error:  # an unforeseen error must end the node with its reason, not a silent thread
            self._failed(error)

    @abstractmethod
    def _take(self) -> None:
        """Take one, or nothing."""


class FrameReader(_Reader):
    """The thread that takes every frame of one camera and offers it to the recorder.

    Args:
        node: that subscribes.
        recorder: of the camera.
        acknowledges: tell a camera in lockstep which frames were taken.
        failed: called in the thread with what ended it.
    """

    def __init__(
        self, node: Node, recorder: CameraRecorder, *, acknowledges: bool, failed: Callable[[Exception], None]
    ) -> None:
        self._frames = FrameSubscription(node, f"/{recorder.camera}/frame")
        super().__init__(self._frames, name=f"read {recorder.camera}", failed=failed)
        self.camera = recorder.camera
        self.has_received = False  # a frame, since the node started
        self._recorder = recorder
        self._node = node
        topic = f"/{recorder.camera}/processed"
        self._processed = LoanPublisher(node, UInt64, topic, qos=loan_qos(16, reliable=True)) if acknowledges else None
        self._last_complaint = ""

    def close(self) -> None:
        """End the thread after the frame it is at."""
        super().close()
        if self._processed is not None:
            self._processed.close()

    @property
    def is_published(self) -> bool:
        """Whether there is a camera."""
        return self._node.count_publishers(self._frames.topic) > 0

    @property
    def overwritten(self) -> int:
        """Frames that the camera reused before they could be looked at."""
        return self._frames.overwritten

    def _take(self) -> None:
        try:
            frame = self._frames.take(_TAKE_SECS, newest=False)
        except FrameTimeoutError:
            return
        except EncodingError as error:
            if str(error) != self._last_complaint:
                self._last_complaint = str(error)
                _logger.warning("not recorded: %s", error)
            return
        self.has_received = True
        is_taken = self._recorder.offer(frame)
        if is_taken and self._processed is not None:
            with self._processed.loan() as message:
                message["data"] = frame.sequence


class CloudReader(_Reader):
    """The thread that takes every point cloud that a camera publishes, if it publishes any, and offers it.

    Args:
        node: that subscribes.
        recorder: of the camera.
        failed: called in the thread with what ended it.
    """

    def __init__(self, node: Node, recorder: CameraRecorder, *, failed: Callable[[Exception], None]) -> None:
        self._clouds = PointCloudSubscription(node, f"/{recorder.camera}/cloud")
        super().__init__(self._clouds, name=f"read clouds of {recorder.camera}", failed=failed)
        self._recorder = recorder.clouds

    def _take(self) -> None:
        try:
            self._recorder.offer(self._clouds.take(_TAKE_SECS, newest=False))
        except (FrameTimeoutError, EncodingError) as error:
            _logger.debug("no cloud: %s", error)


class TagReader:
    """Hands on the detections of one camera, in the node's executor.

    Args:
        node: that subscribes.
        camera: its name.
        received: called with a TagDetections record that is ours to keep, and when it was received, ns.
    """

    def __init__(self, node: Node, camera: str, received: Callable[[str, NDArray[np.void], int], None]) -> None:
        self.overwritten = 0
        self._camera = camera
        self._received = received
        self._subscription = LoanSubscription(
            node,
            TagDetections,
            f"/{camera}/tags",
            self._on_sample,
            qos=loan_qos(64, reliable=True),
            newest=False,
        )

    def _on_sample(self, sample: Sample) -> None:
        try:
            record = sample.copy()
        except SampleOverwrittenError:
            self.overwritten += 1
            return
        self._received(self._camera, record, time.time_ns())

    def close(self) -> None:
        """Stop receiving."""
        self._subscription.close()


class TransformReader:
    """Hands on /tf and /tf_static as they are serialised, where tf2_msgs is installed."""

    def __init__(self, node: Node, message_type: Any, received: Callable[[RosMessage], None]) -> None:
        self._node = node
        latched = QoSProfile(
            depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL, reliability=ReliabilityPolicy.RELIABLE
        )

        def on(topic: str, is_latched: bool) -> Callable[[bytes], None]:
            def receive(data: bytes) -> None:
                now = time.time_ns()
                received(RosMessage(topic, "tf2_msgs/msg/TFMessage", data, now, now, is_latched=is_latched))

            return receive

        self._subscriptions = [
            node.create_subscription(message_type, "/tf", on("/tf", False), QoSProfile(depth=100), raw=True),
            node.create_subscription(message_type, "/tf_static", on("/tf_static", True), latched, raw=True),
        ]

    @classmethod
    def make(cls, node: Node, received: Callable[[RosMessage], None]) -> TransformReader | None:
        """Return a reader; None where tf2_msgs is not installed, and nothing can publish /tf."""
        try:
            message_type = import_module("tf2_msgs.msg").TFMessage
        except ImportError:
            return None
        return cls(node, message_type, received)

    def close(self) -> None:
        """Stop receiving."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
