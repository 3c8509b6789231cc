"""The main function that all our nodes share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from airo_frames.exit_status import EXIT_SAID_WHY
from airo_frames.interruption import Interruption
from rclpy_loans import AiroRos2Error, apply_profile

__all__ = ["Runnable", "finish", "run_node"]

SPIN_SECS = 0.1  # how soon a signal is noticed: Python's handlers do not run while rclpy waits


class Runnable(Protocol):
    """What run_node runs: something that has a node and ends by itself or when it is closed.

    Attributes:
        node: to spin.
        finished: done when there is nothing left to do, or with the error that ended it.
    """

    node: Node
    finished: Future

    def close(self) -> None:
        """Stop all threads and release everything but the node."""


def finish(finished: Future, error: Exception | None) -> None:
    """Tell run_node, from any thread, that there is nothing left to do; only the first call counts.

    Args:
        finished: of the Runnable.
        error: that ended it; None, or rclpy's shutdown, for a regular end.
    """
    if finished.done():
        return
    if error is None or isinstance(error, ExternalShutdownException):
        finished.set_result(None)
    else:
        finished.set_exception(error)


def run_node(
    make: Callable[[Node], Runnable], *, name: str, args: list[str] | None = None, profile: str = "fastdds.xml"
) -> int:
    """Make a node, run it until it has finished or gets SIGINT or SIGTERM, and return the exit status.

    Args:
        make: wires publishers, subscriptions and threads to the node.
        name: of the node.
        args: command line with ROS arguments, by default the process's.
        profile: of Fast DDS, one of fastdds_profiles/.
    """
    apply_profile(profile)
    # rclpy's own handlers shut the context down at once, under the feet of threads that are about to publish. Ours stay
    # to the end: a supervisor that is killed may send SIGTERM more than once, once for each of its threads.
    interruption = Interruption()
    interruption.install()
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    try:
        return _run(make, name, interruption)
    except AiroRos2Error as error:
        sys.stderr.write(f"{name}: {error}\n")
        return EXIT_SAID_WHY
    except ExternalShutdownException:
        return 0
    finally:
        rclpy.try_shutdown()


def _run(make: Callable[[Node], Runnable], name: str, interruption: Interruption) -> int:
    node = rclpy.create_node(name)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        runnable = make(node)
        try:
            while not runnable.finished.done() and not interruption.is_set:
                executor.spin_once(timeout_sec=SPIN_SECS)
        finally:
            runnable.close()
        if runnable.finished.done():
            runnable.finished.result()  # raises what ended it
    finally:
        executor.shutdown()
        node.destroy_node()
    return 0
