"""The main function that all our nodes share."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future
from rclpy_loans import AiroRos2Error, apply_profile

from airo_frames.exit_status import EXIT_SAID_WHY

__all__ = ["Runnable", "run_node"]


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


def run_node(make: Callable[[Node], Runnable], *, name: str, args: list[str] | None = None) -> int:
    """Make a node, run it until it has finished or is interrupted, and return the exit status.

    Args:
        make: wires publishers, subscriptions and threads to the node.
        name: of the node.
        args: command line with ROS arguments, by default the process's.
    """
    apply_profile()
    rclpy.init(args=args)
    try:
        return _run(make, name)
    except AiroRos2Error as error:
        sys.stderr.write(f"{name}: {error}\n")
        return EXIT_SAID_WHY
    except (KeyboardInterrupt, ExternalShutdownException):
        return 0
    finally:
        rclpy.try_shutdown()


def _run(make: Callable[[Node], Runnable], name: str) -> int:
    node = rclpy.create_node(name)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        runnable = make(node)
        try:
            executor.spin_until_future_complete(runnable.finished)
            runnable.finished.result()  # raises what ended it
        finally:
            runnable.close()
    finally:
        executor.shutdown()
        node.destroy_node()
    return 0
