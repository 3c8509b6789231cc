"""A process that publishes numbered messages or frames: publish N, flood, pause, report, another TOPIC, quit."""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from contextlib import AbstractContextManager
from typing import Any

import rclpy
from checked_reader import is_size, message_class
from numbered import fill, words_of
from own_process import Orders, as_user, private_kilobytes

from airo_frames import FramePublisher
from rclpy_loans import LoanPublisher, PublisherError, apply_profile, loan_qos

BURST = 20
# At full speed in bursts; a reader on a busy machine needs the longer pauses to find a message that is still whole.
PAUSES_SECS = (0.001, 0.0, 0.001, 0.005, 0.0, 0.001, 0.001, 0.05)


def options() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", help="a size such as 640x480 for frames, or a type such as geometry_msgs/Pose")
    parser.add_argument("--topic", default="topic")
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--salt", type=int, default=0, help="tells this writer from others")
    parser.add_argument("--reliable", action="store_true")
    parser.add_argument("--unshared", action="store_true")
    parser.add_argument("--user", type=int)
    parser.add_argument("--flood", action="store_true", help="from the start")
    return parser.parse_args()


class Writer:
    """Publishes numbered content and measures what that costs, without filling the message."""

    def __init__(self, node: Any, topic: str, given: argparse.Namespace) -> None:
        qos = loan_qos(given.depth, reliable=given.reliable)
        self.salt = given.salt
        self.number = 0
        self.costs_secs: list[float] = []
        self.publisher: FramePublisher | LoanPublisher
        if is_size(given.what):
            width, height = map(int, given.what.split("x"))
            self.size_wh = width, height
            self.publisher = FramePublisher(
                node, topic, size_wh=self.size_wh, encoding="rgb8", frame_id="camera", qos=qos
            )
        else:
            self.publisher = LoanPublisher(node, message_class(given.what), topic, qos=qos)

    def _loan(self) -> AbstractContextManager[Any]:
        if isinstance(self.publisher, FramePublisher):
            return self.publisher.borrow(stamp_nanos=1, size_wh=self.size_wh, encoding="rgb8")
        return self.publisher.loan()

    def publish(self) -> None:
        """Publish the next message."""
        self.number += 1
        started = time.perf_counter()
        loan = self._loan()
        message = loan.__enter__()
        begun = time.perf_counter()
        has_sequence = "sequence_tail" in (message.dtype.names or ())
        fill(words_of(message, has_sequence=has_sequence), number=self.number, salt=self.salt)
        filled = time.perf_counter()
        loan.__exit__(None, None, None)
        self.costs_secs.append(begun - started + time.perf_counter() - filled)

    def report(self) -> str:
        """Return the last number, the median cost since the last report, and the memory in use."""
        cost = statistics.median(self.costs_secs) if self.costs_secs else 0.0
        self.costs_secs.clear()
        return f"report number={self.number} cost_us={cost * 1e6:.0f} memory_kb={private_kilobytes()}"


def another(node: Any, topic: str, given: argparse.Namespace) -> str:
    """Try to open one more publisher and return how it went."""
    try:
        Writer(node, topic, given).publish()
    except PublisherError as error:
        return f"refused {type(error).__name__}: {error}"
    return f"opened {topic}"


def obey(orders: Orders, node: Any, writer: Writer, given: argparse.Namespace) -> None:
    """Do as told until told to quit."""
    pauses = itertools.cycle(PAUSES_SECS)
    is_flooding = given.flood
    while True:
        if is_flooding:
            for _ in range(BURST):
                writer.publish()
        order, *arguments = orders.next(next(pauses) if is_flooding else None) or ["nothing"]
        if order == "publish":
            for _ in range(int(arguments[0])):
                writer.publish()
            print(f"published {writer.number} zero_copy={writer.publisher.is_zero_copy}", flush=True)
        elif order == "report":
            print(writer.report(), flush=True)
        elif order == "another":
            print(another(node, arguments[0], given), flush=True)
        elif order in ("flood", "pause"):
            is_flooding = order == "flood"
        elif order == "quit":
            return


def main() -> None:
    """Open the publisher and obey."""
    given = options()
    if not given.unshared:
        apply_profile()
    with as_user(given.user):
        run(given)


def run(given: argparse.Namespace) -> None:
    """Obey until told to quit."""
    rclpy.init()
    node = rclpy.create_node("writer")
    try:
        writer = Writer(node, given.topic, given)
        print(f"ready {time.monotonic()}", flush=True)
        obey(Orders(), node, writer, given)
    except PublisherError as error:
        print(f"refused {type(error).__name__}: {error}", flush=True)
    finally:
        node.destroy_node()
        rclpy.shutdown()


if __name__ == "__main__":
    main()
