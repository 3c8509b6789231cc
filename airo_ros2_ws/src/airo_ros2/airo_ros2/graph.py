"""Which cameras run, as ROS discovery tells."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy

from airo_frames.formats import FRAME_FAMILIES, message_named
from airo_ros2.exceptions import ClosedError
from airo_ros2.names import camera_of_topic
from airo_ros2.session import node_or_own

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["cameras_seen_by", "list_cameras", "publishers_of"]

SETTLING_SECS = 0.3  # the others are found soon after the first
POLL_SECS = 0.02
RCLError = _rclpy.RCLError


def list_cameras(*, timeout: float = 1.0, node: Node | None = None) -> list[str]:
    """Return the names of the cameras that run in this ROS domain, sorted.

    A camera that was killed is listed for up to 5 s more.

    Args:
        timeout: s, how long to look; less when cameras are found.
        node: of your own, instead of the facade's.
    """
    own = node_or_own(node)
    deadline = time.monotonic() + timeout
    found: list[str] = []
    while True:
        now = cameras_seen_by(own)
        if len(now) > len(found):
            found = now
            deadline = min(deadline, time.monotonic() + SETTLING_SECS)
        if time.monotonic() >= deadline:
            return now
        time.sleep(POLL_SECS)


def cameras_seen_by(node: Node) -> list[str]:
    """Return the names of the cameras that a node knows at this moment, sorted."""
    names = set()
    for topic, type_names in _asked(node, node.get_topic_names_and_types):
        name = camera_of_topic(topic)
        if (
            name
            and any(message_named(type_name, families=FRAME_FAMILIES) for type_name in type_names)
            and publishers_of(node, topic)
        ):
            names.add(name)
    return sorted(names)


def publishers_of(node: Node, topic: str) -> list[Any]:
    """Return what a node knows of the publishers of a topic: TopicEndpointInfo."""
    return list(_asked(node, lambda: node.get_publishers_info_by_topic(topic)))


def _asked(node: Node, ask: Any) -> Any:
    try:
        return ask()
    except RCLError:
        if node.context.ok():
            raise
        raise ClosedError("rclpy was shut down: begin anew with a new node, or without one") from None
