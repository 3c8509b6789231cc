"""Tags on /tf, where tf2_msgs is installed."""

from __future__ import annotations

import time
from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING, Any

from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from std_msgs.msg import Header, String

from airo_frames.parameters import ParameterError
from tag_pose.frame_claims import Claim, FrameClaims
from tag_pose.observation import DetectedTag
from tag_pose.standard_messages import Located, located, transform_message
from tag_pose.tag_table import TagTable
from tag_pose.tagged_frame import TaggedFrame

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["POLICIES", "TransformOutput"]

POLICIES = ("first_camera", "camera_prefixed", "configured", "off")
CLAIMS_TOPIC = "/tag_frame_claims"
ANNOUNCE_SECS = 0.1  # repeated so often while nothing changes: well within what FrameClaims waits for


class TransformOutput:
    """Publishes each tag and bundle whose frame is unique in the image, so that no frame gets two parents.

    first_camera     a tag that several cameras see is published by one of them, as long as that one sees it
    camera_prefixed  every camera publishes every tag, as <camera>/tag36h11:0
    configured       as first_camera, but only bundles, and tags whose frame was configured
    off              nothing

    Args:
        node: the node that publishes; its namespace is the camera's name.
        policy: one of POLICIES.

    Raises:
        ParameterError: the policy is unknown.
    """

    def __init__(self, node: Node, *, policy: str) -> None:
        if policy not in POLICIES:
            raise ParameterError(f"transforms is {policy!r}: expected one of {', '.join(POLICIES)}")
        self._policy = policy
        self._prefix = node.get_namespace().strip("/") if policy == "camera_prefixed" else ""
        self._message: Any = None
        if policy == "off":
            return
        try:
            self._message = import_module("tf2_msgs.msg").TFMessage
        except ImportError:
            node.get_logger().info("tf2_msgs is not installed: tags are not published on /tf, but on tag_poses")
            return
        self._publisher = node.create_publisher(self._message, "/tf", 100)
        self._claims = FrameClaims(now=time.monotonic())
        if policy != "camera_prefixed":
            self._announced: dict[str, tuple[Claim, float]] = {}  # by child: the last announcement and its time, s
            self._announcements = node.create_publisher(String, CLAIMS_TOPIC, 100)
            node.create_subscription(
                String, CLAIMS_TOPIC, self._hear, 100, callback_group=MutuallyExclusiveCallbackGroup()
            )

    def publish(self, header: Header, result: TaggedFrame) -> None:
        """Publish the tags and bundles of one frame."""
        if self._message is None:
            return
        named: list[tuple[str, Located]] = [(self._name(tag, result.table), pose) for tag, pose in located(result.tags)]
        named += [(self._prefixed(bundle.layout.frame), bundle) for bundle in result.bundles]
        count = Counter(name for name, _ in named)
        transforms = [
            transform_message(header, name, pose)
            for name, pose in named
            if name and count[name] == 1 and self._is_ours(name, header.frame_id)
        ]
        if transforms:
            self._publisher.publish(self._message(transforms=transforms))

    def _name(self, tag: DetectedTag, table: TagTable) -> str:
        seen = tag.observation
        entry = table.entry(seen.family, seen.tag_id)
        if self._policy == "configured" and (entry is None or not entry.frame):
            return ""
        return self._prefixed(table.frame(seen.family, seen.tag_id))

    def _prefixed(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    def _is_ours(self, child: str, parent: str) -> bool:
        if self._policy == "camera_prefixed":
            return True
        now = time.monotonic()
        claim = self._claims.claim(child, parent, now=now)
        announced, since = self._announced.get(child, (None, 0.0))
        if claim != announced or now - since >= ANNOUNCE_SECS:
            self._announced[child] = claim, now
            self._announcements.publish(String(data=f"{'own' if claim.is_owner else 'claim'}\n{child}\n{parent}"))
        return claim.is_owner

    def _hear(self, message: String) -> None:
        kind, child, parent = (message.data.split("\n") + ["", "", ""])[:3]
        if kind in ("own", "claim"):
            self._claims.hear(Claim(child, parent, kind == "own"), now=time.monotonic())
