"""`airo-ros2 top`: measure all streams, and print them again and again."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from airo_frames.interruption import Interruption
from airo_ros2.top.nodes import Nodes
from airo_ros2.top.streams import Streams
from airo_ros2.top.table import as_json, as_lines
from rclpy_loans import apply_profile

__all__ = ["TopOptions", "run_top"]

SPIN_SECS = 0.05  # how soon a signal is noticed
FOLLOW_SECS = 0.25  # how soon a new stream is noticed
DISCOVERY_SECS = 3.0  # without a stream for so long, there is none
SETTLING_SECS = 0.5  # the others are found soon after the first
_REDRAW = "\x1b[H\x1b[J"  # cursor home, clear to the end of the screen


@dataclass(frozen=True)
class TopOptions:
    """What to measure and how to print it.

    Attributes:
        interval: of a measurement, s.
        once: end after the first one.
        json: print one JSON object per interval.
    """

    interval: float = 1.0
    once: bool = False
    json: bool = False


def run_top(options: TopOptions, *, interruption: Interruption, write: Callable[[str], None]) -> int:
    """Print the streams of this ROS domain until it is over, and return status 0.

    Args:
        options: what to measure and how to print it.
        interruption: ends it.
        write: prints text and a line's end.
    """
    apply_profile()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node("airo_ros2_top")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    streams, nodes = Streams(node), Nodes(node)
    top = _Top(executor, streams, interruption)
    try:
        if options.once:
            top.discover()
        while not interruption.is_set:
            top.spin(options.interval)
            if not interruption.is_set:
                _print(streams, nodes, options, domain=node.context.get_domain_id(), write=write)
            if options.once:
                break
    finally:
        streams.close()
        nodes.close()
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


class _Top:
    """Spins, and follows the streams meanwhile."""

    def __init__(self, executor: SingleThreadedExecutor, streams: Streams, interruption: Interruption) -> None:
        self._executor = executor
        self._streams = streams
        self._interruption = interruption
        self._next_follow = 0.0

    def spin(self, duration: float, *, until: Callable[[], bool] = lambda: False) -> None:
        """Deliver messages for `duration` s, or until something is so, or a signal comes."""
        deadline = time.monotonic() + duration
        while not self._interruption.is_set and not until() and (now := time.monotonic()) < deadline:
            if now >= self._next_follow:
                self._streams.follow()
                self._next_follow = now + FOLLOW_SECS
            self._executor.spin_once(timeout_sec=min(SPIN_SECS, deadline - now))

    def discover(self) -> None:
        """Find all streams, so that one measurement shows them all."""
        self.spin(DISCOVERY_SECS, until=lambda: len(self._streams) > 0)
        if len(self._streams):
            self.spin(SETTLING_SECS)
        self._streams.end_interval()


def _print(streams: Streams, nodes: Nodes, options: TopOptions, *, domain: int, write: Callable[[str], None]) -> None:
    measured, states = streams.end_interval(), nodes.states()
    if options.json:
        write(as_json(measured, states))
        return
    lines = as_lines(measured, states, domain=domain)
    is_live = sys.stdout.isatty() and not options.once
    write((_REDRAW if is_live else "") + "\n".join(lines))
