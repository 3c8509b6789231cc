"""A process that reads all the time and checks it: await SALT, number N, alone, visit N, take, report, quit."""

from __future__ import annotations

import argparse
import time
from typing import Any

import rclpy
from checked_reader import CheckedReader
from own_process import Orders, as_user, private_kilobytes

from airo_frames import FrameTimeoutError
from rclpy_loans import TakeTimeoutError, apply_profile


def options() -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", help="a size such as 640x480 for frames, or a type such as geometry_msgs/Pose")
    parser.add_argument("--topic", default="topic")
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--reliable", action="store_true")
    parser.add_argument("--unshared", action="store_true")
    parser.add_argument("--user", type=int)
    return parser.parse_args()


class Task:
    """What is waited for: a whole message of one writer, up to a number, and a view of it that was overwritten."""

    def __init__(self, kind: str, target: int, reader: CheckedReader) -> None:
        self.kind = kind
        self.target = target
        self.met: tuple[float, bool] | None = None  # when, and whether that message was a view
        self.overwritten_before = reader.overwritten
        self.reader = reader

    def see(self, seen: tuple[int, int] | None) -> bool:
        """Tell of what was read, and return whether the task is done."""
        if seen is not None and self.met is None:
            salt, number = seen
            if salt == self.target if self.kind == "await" else number >= self.target:
                self.met = time.monotonic(), self.reader.held[-1].taken.is_zero_copy
                self.overwritten_before = self.reader.overwritten
        return self.met is not None and (self.kind != "await" or self.reader.overwritten > self.overwritten_before)


def visit(node: Any, given: argparse.Namespace, count: int) -> str:
    """Subscribe, read one message and leave, `count` times; every other time reliably, if the writer is."""
    for number in range(count):
        guest = CheckedReader(
            node, given.what, given.topic, depth=1 + number % 5, is_reliable=given.reliable and number % 2 == 0
        )
        while guest.step(1.0) is None:
            pass
        guest.close()
    return f"visited {count}"


def take(reader: CheckedReader) -> str:
    """Take one message as anybody would, and return how it went."""
    try:
        return f"took zero_copy={reader.subscription.take(0.5).is_zero_copy}"
    except (TakeTimeoutError, FrameTimeoutError) as error:
        return f"nothing: {error}"


def main() -> None:
    """Read, and obey."""
    given = options()
    if not given.unshared:
        apply_profile()
    with as_user(given.user):
        run(given)


def run(given: argparse.Namespace) -> None:
    """Read until told to quit."""
    rclpy.init()
    node = rclpy.create_node("reader")
    reader = CheckedReader(node, given.what, given.topic, depth=given.depth, is_reliable=given.reliable)
    orders, task = Orders(), None
    print("ready", flush=True)
    while True:
        order, *arguments = orders.next(0.0) or ["nothing"]
        if order in ("await", "number"):
            task = Task(order, int(arguments[0]), reader)
        elif order == "alone":
            while node.count_publishers(given.topic):
                reader.step(0.02)
            print("alone", flush=True)
        elif order == "visit":
            print(visit(node, given, int(arguments[0])), flush=True)
        elif order == "take":
            print(take(reader), flush=True)
        elif order == "report":
            counts = f"whole={reader.whole} overwritten={reader.overwritten} held={len(reader.held)}"
            print(f"report {counts} memory_kb={private_kilobytes()}", flush=True)
        elif order == "quit":
            break
        seen = reader.step(0.02)
        if task is not None and task.see(seen) and task.met is not None:
            met_at, is_zero_copy = task.met
            print(f"met {task.target} {met_at} zero_copy={is_zero_copy}", flush=True)
            task = None
    reader.close()
    node.destroy_node()
    rclpy.shutdown()


if __name__ == "__main__":
    main()
