"""Tests of rclpy_loans.publisher."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from airo_camera_msgs.msg import TagDetections
from geometry_msgs.msg import Pose

from rclpy_loans import (
    LoanPublisher,
    LoanSubscription,
    LoanUnavailableError,
    PublisherError,
    TakeTimeoutError,
    loan_qos,
)


def pair(node: Any, msg_type: type, depth: int = 4) -> tuple[LoanPublisher, LoanSubscription]:
    """Return a publisher and a subscription of one process, connected."""
    publisher = LoanPublisher(node, msg_type, "topic", qos=loan_qos(depth))
    subscription = LoanSubscription(node, msg_type, "topic", qos=loan_qos(depth))
    for _ in range(200):
        with publisher.loan():
            pass
        try:
            subscription.take(0.1)
            return publisher, subscription
        except TakeTimeoutError:
            continue
    raise AssertionError("not connected")


def test_an_exception_returns_the_loan_unpublished(node: Any) -> None:
    """Nothing is published when the block raises, however often."""
    publisher, subscription = pair(node, TagDetections, depth=2)
    for _ in range(20):  # more often than there are slots
        with pytest.raises(KeyError), publisher.loan():
            raise KeyError
    with pytest.raises(TakeTimeoutError):
        subscription.take(0.1)
    with publisher.loan() as message:
        message["count"] = 5
    assert subscription.take(10.0)["count"] == 5
    subscription.close()


def test_sequence_is_written_at_head_and_tail(node: Any) -> None:
    """Messages with a seqlock are numbered, or carry the number they are given."""
    publisher, subscription = pair(node, TagDetections)
    with publisher.loan(sequence=41) as message:
        assert message["sequence"] == message["sequence_tail"] == 0
    sample = subscription.take(10.0)
    assert sample["sequence"] == sample["sequence_tail"] == 41
    with publisher.loan():
        pass
    assert subscription.take(10.0)["sequence"] == 42
    subscription.close()


@pytest.mark.parametrize(("msg_type", "sequence"), [(TagDetections, 0), (TagDetections, -1), (Pose, 1)])
def test_bad_sequences_are_refused(node: Any, msg_type: type, sequence: int) -> None:
    """A sequence below 1, or for a message without one, is an error."""
    publisher = LoanPublisher(node, msg_type, "topic")
    with pytest.raises(PublisherError, match="got sequence"), publisher.loan(sequence=sequence):
        pass


def test_open_loans_exhaust_the_slots(node: Any) -> None:
    """When all slots are lent, the next loan fails with a reason and the others stay good."""
    publisher, subscription = pair(node, Pose, depth=2)
    loans = [publisher.loan() for _ in range(10)]
    opened = []
    with pytest.raises(LoanUnavailableError, match="leave their blocks first"):
        for loan in loans:
            loan.__enter__()["position"]["x"] = len(opened)
            opened.append(loan)
    for loan in opened:
        loan.__exit__(None, None, None)
    assert opened and subscription.take(10.0)["position"]["x"] == len(opened) - 1
    subscription.close()


def test_a_view_kept_after_close_can_be_written(node: Any) -> None:
    """A loan's view that outlives its publisher does no harm to the process."""
    publisher, subscription = pair(node, TagDetections)
    with publisher.loan() as message:
        kept = message
    publisher.close()
    kept["count"] = 3
    assert int(kept["count"]) == 3
    subscription.close()


def test_a_loan_outlasts_the_closing_of_its_publisher(node: Any) -> None:
    """A publisher that is closed inside a loan stays until the loan has ended, and lends nothing more."""
    publisher, subscription = pair(node, TagDetections)
    with publisher.loan() as message:
        publisher.close()
        message["count"] = 7
        assert subscription.publisher_count == 1
    with pytest.raises(PublisherError, match="is closed"), publisher.loan():
        pass
    while subscription.publisher_count:
        time.sleep(0.01)
    subscription.close()


def test_loans_are_aligned_records_of_the_message(node: Any) -> None:
    """A loan has the message's dtype and shape ()."""
    publisher, subscription = pair(node, Pose)
    with publisher.loan() as message:
        assert message.shape == () and message.dtype == publisher.dtype
        message["orientation"]["w"] = np.pi
    assert subscription.take(10.0)["orientation"]["w"] == np.pi
    assert publisher.is_zero_copy
    subscription.close()
