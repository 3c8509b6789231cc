"""What a ROS domain offers to look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airo_frames.formats import FRAME_FAMILIES, message_named
from airo_view.web.plane import PLANES, Plane

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["published_cameras"]

_TOPIC = "/frame"


def published_cameras(node: Node) -> set[str]:
    """Return the names of all pictures that can be shown: of each topic <camera>/frame with a frame's type."""
    names = set()
    for topic, type_names in node.get_topic_names_and_types():
        if topic.endswith(_TOPIC) and len(topic) > len(_TOPIC) and any(map(_family, type_names)):
            camera = topic.removesuffix(_TOPIC).strip("/")
            for info in node.get_publishers_info_by_topic(topic):
                names |= {Plane(camera, part).name for part in PLANES.get(_family(info.topic_type) or "", ())}
    return names


def _family(type_name: str) -> str | None:
    """Return the family of a frame's type; None for other types."""
    frame_format = message_named(type_name, families=FRAME_FAMILIES)
    return None if frame_format is None else frame_format.family
