"""Quality of service for shared messages."""

from __future__ import annotations

from rclpy.qos import QoSDurabilityPolicy, QoSHistoryPolicy, QoSProfile, QoSReliabilityPolicy

__all__ = ["loan_qos"]


def loan_qos(depth: int = 4, *, reliable: bool = False) -> QoSProfile:
    """Return a QoS profile for a LoanPublisher or a LoanSubscription.

    Args:
        depth: messages kept by the publisher; a reader's view is overwritten after depth + 1 further messages.
            A publisher's shared memory is (depth + 1) times the size of the message.
        reliable: repeat messages that were lost on the way. A message that was overwritten before it was read is lost
            all the same: a publisher never waits. Best effort reaches the reader sooner.
    """
    return QoSProfile(
        depth=depth,
        history=QoSHistoryPolicy.KEEP_LAST,
        reliability=QoSReliabilityPolicy.RELIABLE if reliable else QoSReliabilityPolicy.BEST_EFFORT,
        durability=QoSDurabilityPolicy.VOLATILE,
    )
