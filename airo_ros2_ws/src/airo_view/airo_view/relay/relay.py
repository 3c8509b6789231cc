"""What both relays have in common: they follow the cameras of this host."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from rclpy.task import Future

from airo_frames.formats import FRAME_FAMILIES, message_named
from airo_frames.hosts import is_of_this_process, is_on_this_host
from airo_frames.node_main import finish
from airo_view.relay.camera_relay import CameraRelay
from airo_view.relay.outputs import Outputs

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["MakeOutputs", "Relay", "families_of_cameras"]

FOLLOW_SECS = 0.5  # how soon a camera is noticed
ENDING_SECS = 1.0
_TOPIC = "/frame"
MakeOutputs = Callable[[str, str], Outputs]  # of a camera's name and the family of its message


class Relay:
    """Relays every camera of this host, as they come and go. Cameras of other hosts are relayed there.

    A camera that another relay publishes already is left to it until it ends.

    Args:
        node: its own.
        make_outputs: of a camera.
        topic: that every camera gets; who publishes it has the camera.
    """

    def __init__(self, node: Node, make_outputs: MakeOutputs, *, topic: str) -> None:
        self.node = node
        self.finished = Future()
        self.relays: dict[str, tuple[str, CameraRelay]] = {}  # by camera, with the family of its message
        self._make_outputs = make_outputs
        self._topic = topic
        self._timer = node.create_timer(FOLLOW_SECS, self.follow)

    def follow(self) -> None:
        """Begin to relay cameras that have come, and stop with those that have gone."""
        cameras = families_of_cameras(self.node)
        for camera, (family, relay) in list(self.relays.items()):
            if cameras.get(camera) != family or self._is_another_ones(camera):
                relay.close(ENDING_SECS)
                del self.relays[camera]
        for camera, family in cameras.items():
            if camera not in self.relays and not self._is_another_ones(camera):
                self.begin(camera, family)

    def begin(self, camera: str, family: str) -> None:
        """Begin to relay a camera, whoever else does.

        Args:
            camera: its name.
            family: of its message.
        """
        outputs = self._make_outputs(camera, family)
        relay = CameraRelay(self.node, camera, outputs, failed=partial(finish, self.finished))
        self.relays[camera] = family, relay

    def close(self) -> None:
        """Stop relaying."""
        for _, relay in self.relays.values():
            relay.close(ENDING_SECS)

    def _is_another_ones(self, camera: str) -> bool:
        """Return whether another relay publishes the camera; of two that began together, the first by GID goes on."""
        publishers = self.node.get_publishers_info_by_topic(f"/{camera}/{self._topic}")
        gids = [bytes(publisher.endpoint_gid) for publisher in publishers]
        ours = [gid for gid in gids if is_of_this_process(self.node, gid)]
        return bool(gids) and (camera not in self.relays or (bool(ours) and min(gids) not in ours))


def families_of_cameras(node: Node) -> dict[str, str]:
    """Return the names of all cameras of this host: topics <camera>/frame with a frame's type, and its family."""
    families = {}
    for topic, _ in node.get_topic_names_and_types():
        if topic.endswith(_TOPIC) and len(topic) > len(_TOPIC):
            for info in node.get_publishers_info_by_topic(topic):
                found = message_named(info.topic_type, families=FRAME_FAMILIES)
                if found is not None and is_on_this_host(node, bytes(info.endpoint_gid)):
                    families[topic.removesuffix(_TOPIC).strip("/")] = found.family
    return families
