"""What a ROS domain offers to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airo_frames.formats import message_named

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["published_cameras"]

_TOPIC = "/frame"


def published_cameras(node: Node) -> set[str]:
    """Return the names of all cameras that publish: every topic <camera>/frame with a frame's type."""
    cameras = set()
    for topic, type_names in node.get_topic_names_and_types():
        if topic.endswith(_TOPIC) and len(topic) > len(_TOPIC) and any(map(message_named, type_names)):
            if any(message_named(info.topic_type) for info in node.get_publishers_info_by_topic(topic)):
                cameras.add(topic.removesuffix(_TOPIC).strip("/"))
    return cameras
