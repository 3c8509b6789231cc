"""What readers have processed, as they tell on the topic `processed`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rclpy.executors import ExternalShutdownException
from std_msgs.msg import UInt64

from rclpy_loans import LoanSubscription, SubscriptionError, TakeTimeoutError, loan_qos

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["TopicAcknowledgements"]


class TopicAcknowledgements:
    """Frame numbers that come back on a topic (std_msgs/UInt64). Subscribes when it first waits."""

    def __init__(self, node: Node, topic: str = "processed") -> None:
        self._node = node
        self._topic = topic
        self._subscription: LoanSubscription | None = None

    def wait_for(self, sequence: int, timeout: float) -> bool:
        """Return whether frame `sequence` was acknowledged within `timeout` s."""
        if self._subscription is None:
            self._subscription = LoanSubscription(self._node, UInt64, self._topic, qos=loan_qos(8, reliable=True))
        deadline = time.monotonic() + timeout
        while True:
            try:
                sample = self._subscription.take(max(0.0, deadline - time.monotonic()), newest=False)
            except (TakeTimeoutError, SubscriptionError, ExternalShutdownException):
                return False
            if int(sample["data"]) == sequence and sample.is_valid():
                return True

    def close(self) -> None:
        """Stop receiving and end a wait in another thread."""
        if self._subscription is not None:
            self._subscription.close()
