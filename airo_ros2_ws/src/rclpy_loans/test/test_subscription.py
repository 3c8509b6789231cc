"""Tests of rclpy_loans.subscription with a real writer in another process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from airo_camera_msgs.msg import Image640x480, TagDetections
from geometry_msgs.msg import PoseWithCovariance
from rclpy.executors import SingleThreadedExecutor
from rclpy.task import Future

from rclpy_loans import LoanSubscription, Sample, SampleOverwrittenError, SubscriptionError, TakeTimeoutError, loan_qos
from rclpy_loans.profile import QOS_FROM_XML_VARIABLE, profile_variable

WRITER = Path(__file__).with_name("writer.py")
TYPES = pytest.mark.parametrize(
    ("name", "msg_type"),
    [
        ("airo_camera_msgs/Image640x480", Image640x480),  # with a seqlock
        ("airo_camera_msgs/TagDetections", TagDetections),  # with a seqlock and nested messages
        ("geometry_msgs/PoseWithCovariance", PoseWithCovariance),  # a plain message
    ],
)
Start = Callable[..., Any]


def connect(start: Start, subscription: LoanSubscription, name: str, *options: str, depth: int = 4) -> Any:
    """Start a writer and wait until both sides are connected and the first message has come through."""
    writer = start(WRITER, name, str(depth), *options)
    writer.expect("ready")
    writer.say("matched")
    writer.expect("matched")
    for _ in range(100):  # a message may be published before the reader's side of the connection is complete
        writer.say("publish 1")
        writer.expect("published")
        try:
            subscription.take(0.2)
            return writer
        except TakeTimeoutError:
            continue
    raise AssertionError("no message came through")


def payload(sample: Sample) -> Any:
    """Return the bytes of a message without its seqlock."""
    return np.frombuffer(sample.data, np.uint8)[8:-8]


@TYPES
def test_a_taken_message_is_a_view_of_the_writers_segment(start: Start, node: Any, name: str, msg_type: type) -> None:
    """The reader's view lies in a mapping of the very file that the writer writes."""
    subscription = LoanSubscription(node, msg_type, "topic")
    writer = connect(start, subscription, name)
    writer.say("publish 1")
    number = int(writer.expect(r"published (\d+) zero_copy=True")[1])
    sample = subscription.take(10.0)
    assert sample.is_zero_copy and sample.is_valid()
    assert sample.info.publication_number == number
    assert (payload(sample) == number % 256).all()
    assert not sample.data.flags.writeable
    writer.say("segments")
    segments = writer.expect("segments (.*)")[1].split()
    address = sample.data.ctypes.data
    mapped = [line.split() for line in Path("/proc/self/maps").read_text().splitlines()]
    (path,) = [f[5] for f in mapped if int(f[0].split("-")[0], 16) <= address < int(f[0].split("-")[1], 16)]
    assert path in segments
    subscription.close()


@TYPES
def test_an_overwritten_view_says_so(start: Start, node: Any, name: str, msg_type: type) -> None:
    """A view is valid for `depth` further messages, and reports that it was overwritten after them."""
    subscription = LoanSubscription(node, msg_type, "topic", qos=loan_qos(3))
    writer = connect(start, subscription, name, depth=3)
    writer.say("publish 1")
    writer.expect("published")
    sample = subscription.take(10.0)
    writer.say("publish 3")
    writer.expect("published")
    assert sample.is_valid()
    writer.say("publish 2")
    writer.expect("published")
    assert not sample.is_valid()
    with pytest.raises(SampleOverwrittenError, match="overwritten while it was read"):
        sample.copy()
    subscription.close()


@TYPES
@pytest.mark.parametrize("ending", ["quit", "kill"])
def test_views_outlive_their_writer(start: Start, node: Any, name: str, msg_type: type, ending: str) -> None:
    """A view can be read after its writer has ended, cleanly or by SIGKILL."""
    subscription = LoanSubscription(node, msg_type, "topic")
    writer = connect(start, subscription, name)
    writer.say("publish 1")
    number = int(writer.expect(r"published (\d+)")[1])
    sample = subscription.take(10.0)
    writer.kill_group() if ending == "kill" else writer.say("quit")
    writer.wait()
    with pytest.raises(TakeTimeoutError):
        subscription.take(0.3)
    subscription.close()
    assert (payload(sample) == number % 256).all()
    assert sample.is_valid()


@TYPES
def test_whole_messages_are_never_torn(start: Start, node: Any, name: str, msg_type: type) -> None:
    """Under a writer at full speed, what is valid after it was read is the one value that was written."""
    subscription = LoanSubscription(node, msg_type, "topic", qos=loan_qos(2))
    writer = connect(start, subscription, name, depth=2)
    writer.say("flood")
    whole = overwritten = 0
    while whole < 20 or overwritten < 20:
        sample = subscription.take(10.0)
        content = payload(sample)
        first = content[: content.size // 2].copy()
        while overwritten < whole and sample.is_valid():  # sometimes slow on purpose, until it is too late
            content[:64].sum()
        second = content[content.size // 2 :].copy()
        if sample.is_valid():
            whole += 1
            assert first.min() == first.max() == second.min() == second.max() == sample.info.publication_number % 256
        else:
            overwritten += 1
    subscription.close()


def test_take_copy_returns_a_whole_message(start: Start, node: Any) -> None:
    """take_copy gives a message of one value under a writer at full speed."""
    subscription = LoanSubscription(node, Image640x480, "topic")
    writer = connect(start, subscription, "airo_camera_msgs/Image640x480")
    writer.say("flood")
    for _ in range(20):
        record = subscription.take_copy(30.0)
        assert record["data"].min() == record["data"].max()
    subscription.close()


def test_take_in_order_and_newest(start: Start, node: Any) -> None:
    """newest=False gives every message in order, newest=True the last one."""
    subscription = LoanSubscription(node, TagDetections, "topic", qos=loan_qos(8))
    writer = connect(start, subscription, "airo_camera_msgs/TagDetections", depth=8)
    writer.say("publish 3")
    last = int(writer.expect(r"published (\d+)")[1])
    numbers = [subscription.take(10.0, newest=False).info.publication_number for _ in range(3)]
    assert numbers == [last - 2, last - 1, last]
    writer.say("publish 3")
    writer.expect("published")
    number = 0
    while number < last + 3:  # the newest may be taken before the last one has arrived
        number = subscription.take(10.0).info.publication_number
    with pytest.raises(TakeTimeoutError):
        subscription.take(0.0)
    subscription.close()


@pytest.mark.parametrize("is_reliable", [False, True])
@pytest.mark.parametrize(
    ("name", "msg_type"),
    # Small ones: a message larger than the transport's segment may be dropped on the way without an error.
    [("airo_camera_msgs/TagDetections", TagDetections), ("geometry_msgs/PoseWithCovariance", PoseWithCovariance)],
)
def test_a_writer_that_does_not_share_is_copied(
    start: Start, node: Any, monkeypatch: pytest.MonkeyPatch, name: str, msg_type: type, is_reliable: bool
) -> None:
    """Where data sharing is off the same calls work, and say that they copy."""
    subscription = LoanSubscription(node, msg_type, "topic", qos=loan_qos(reliable=is_reliable))
    for variable in (QOS_FROM_XML_VARIABLE, profile_variable()):
        monkeypatch.delenv(variable)
    writer = connect(start, subscription, name, "--unshared", *(["--reliable"] if is_reliable else []))
    writer.say("publish 1")
    number = int(writer.expect(r"published (\d+) zero_copy=False")[1])
    sample = subscription.take(10.0)
    assert not sample.is_zero_copy
    assert sample.is_valid() and (payload(sample) == number % 256).all()
    assert not sample.data.flags.writeable
    subscription.close()


@pytest.mark.parametrize("newest", [True, False])
def test_an_executor_calls_the_callback(start: Start, node: Any, newest: bool) -> None:
    """With a callback the subscription is served by an ordinary executor."""
    taken: list[Sample] = []
    done = Future()

    def on_sample(sample: Sample) -> None:
        taken.append(sample)
        if len(taken) == 5:
            done.set_result(None)

    subscription = LoanSubscription(node, Image640x480, "topic", on_sample, newest=newest)
    writer = start(WRITER, "airo_camera_msgs/Image640x480", "4")
    writer.expect("ready")
    writer.say("flood")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.spin_until_future_complete(done, timeout_sec=60.0)
    executor.shutdown()
    assert done.done() and all(sample.is_zero_copy for sample in taken)
    numbers = [sample.info.publication_number for sample in taken]
    assert numbers == sorted(set(numbers))
    with pytest.raises(SubscriptionError, match="has a callback"):
        subscription.take(0.1)
    subscription.close()


@pytest.mark.parametrize("newest", [True, False])
def test_direct_calls_come_in_the_middlewares_thread(
    start: Start, node: Any, caplog: pytest.LogCaptureFixture, newest: bool
) -> None:
    """Without an executor, messages reach the callback as they arrive, in order; an error in it does not end that."""
    numbers: list[int] = []
    threads: set[int] = set()
    enough = threading.Event()

    def on_sample(sample: Sample) -> None:
        threads.add(threading.get_ident())
        numbers.append(sample.info.publication_number)
        assert sample.is_zero_copy and not sample.data.flags.writeable
        if len(numbers) == 3:
            raise RuntimeError("a bug of the user")
        if len(numbers) >= 20:
            enough.set()

    subscription = LoanSubscription(node, TagDetections, "topic", on_sample, newest=newest, direct=True)
    writer = start(WRITER, "airo_camera_msgs/TagDetections", "4")
    writer.expect("ready")
    writer.say("flood")
    assert enough.wait(60.0)
    with pytest.raises(SubscriptionError, match="has a callback"):
        subscription.take(0.1)
    subscription.close()
    count = len(numbers)
    assert numbers == sorted(set(numbers))
    assert threading.get_ident() not in threads
    assert "a bug of the user" in caplog.text
    writer.say("segments")  # the writer goes on; nobody is called any more
    writer.expect("segments")
    assert len(numbers) == count


def test_take_without_publisher_says_so(node: Any) -> None:
    """A timeout names the topic and says that nobody publishes."""
    subscription = LoanSubscription(node, TagDetections, "nothing")
    with pytest.raises(TakeTimeoutError, match=r"/nothing within 0.05 s; nobody publishes") as caught:
        subscription.take(0.05)
    assert isinstance(caught.value, TimeoutError)
    subscription.close()


def test_close_ends_a_take_in_another_thread(node: Any) -> None:
    """Closing wakes a waiting take, which raises."""
    subscription = LoanSubscription(node, TagDetections, "nothing")
    errors: list[BaseException] = []
    entered = threading.Event()

    def wait() -> None:
        entered.set()
        try:
            subscription.take(60.0)
        except SubscriptionError as error:
            errors.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    entered.wait(10.0)
    subscription.close()
    thread.join(30.0)
    assert not thread.is_alive() and "is closed" in str(errors[0])
    subscription.close()
