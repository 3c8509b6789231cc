"""The thread that reads the tags of one camera."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from airo_camera_msgs.msg import TagDetections
from rclpy.executors import ExternalShutdownException

from airo_frames.intrinsics import Intrinsics
from airo_view.web.plane import Plane
from airo_view.web.tag_report import tag_report
from rclpy_loans import LoanSubscription, SampleOverwrittenError, SubscriptionError, TakeTimeoutError, loan_qos

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["TagFeed"]

_logger = logging.getLogger(__name__)
_WAIT_SECS = 0.5
_DEPTH = 16  # as many as tag_pose keeps: each result matters


class TagFeed:
    """Reads every result of tag_pose for one camera.

    Args:
        node: subscribes.
        plane: what is shown of the camera.
        intrinsics: returns those of the camera's newest frame.
        deliver: called in the thread with each result, as it is sent to pages.
        failed: called in the thread with an error that ended it.
    """

    def __init__(
        self,
        node: Node,
        plane: Plane,
        *,
        intrinsics: Callable[[], Intrinsics | None],
        deliver: Callable[[str, str], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self._node = node
        self._plane = plane
        self._intrinsics = intrinsics
        self._deliver = deliver
        self._failed = failed
        self._has_complained = False
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"tags of {plane.name}", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, without waiting for it."""
        self._is_closed.set()

    @property
    def is_running(self) -> bool:
        """Whether the thread has not ended yet."""
        return self._thread.is_alive()

    def join(self, timeout: float) -> None:
        """Wait for the thread to end after close().

        Args:
            timeout: s, at most.
        """
        self._thread.join(timeout)

    def _run(self) -> None:
        qos = loan_qos(_DEPTH, reliable=True)
        try:
            tags = LoanSubscription(self._node, TagDetections, f"/{self._plane.camera}/tags", qos=qos)
            try:
                while not self._is_closed.is_set():
                    self._take(tags)
            finally:
                tags.close()
        except (ExternalShutdownException, SubscriptionError):
            pass
        except Exception as error:  # must end the node with its reason, not a silent thread
            self._failed(error)

    def _take(self, tags: LoanSubscription) -> None:
        try:
            message = tags.take(_WAIT_SECS, newest=False).copy()
        except (TakeTimeoutError, SampleOverwrittenError):
            return
        try:
            report = tag_report(self._plane.name, message, intrinsics=self._intrinsics(), now_nanos=time.time_ns())
        except ValueError as error:  # somebody publishes numbers that are none
            if not self._has_complained:
                self._has_complained = True
                _logger.warning("%s has tags that cannot be shown: %s", self._plane.name, error)
            return
        self._deliver(self._plane.name, report)
