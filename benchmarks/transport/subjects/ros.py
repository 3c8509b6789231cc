"""A node in the run's own domain, for the subjects on ROS 2."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import rclpy

if TYPE_CHECKING:
    from rclpy.node import Node

    from transport.subjects.subject import Channel, Handle

__all__ = ["SpinningReader", "close_node", "message_class", "open_node"]


def open_node(channel: Channel) -> Node:
    """Start rclpy and return a node without extra topics."""
    rclpy.init(domain_id=channel.domain)
    return rclpy.create_node("bench", enable_rosout=False, start_parameter_services=False)


def close_node(node: Node) -> None:
    """End what `open_node` began."""
    node.destroy_node()
    rclpy.try_shutdown()


def message_class(channel: Channel) -> type[Any]:
    """Return the fixed-size message of a channel."""
    package, _, name = channel.message.partition("/")
    found: type[Any] = getattr(import_module(f"{package}.msg"), name)
    return found


class SpinningReader:
    """A reader whose frames come to a callback in rclpy's executor; sub-classes subscribe."""

    def __init__(self, channel: Channel) -> None:
        from rclpy.executors import SingleThreadedExecutor

        self.node = open_node(channel)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self.node)
        self._handle: Handle | None = None
        self._received = 0

    def receive(self, timeout: float, handle: Handle) -> bool:
        """Spin until a callback has run or the time is over."""
        self._handle = handle
        before = self._received
        self._executor.spin_once(timeout_sec=timeout)
        return self._received > before

    def deliver(self, frame: Any) -> None:
        """Hand over a frame; called by the callback."""
        self._received += 1
        if self._handle is not None:
            self._handle(frame)

    def close(self) -> None:
        """End the executor and the node."""
        self._executor.shutdown()
        close_node(self.node)
