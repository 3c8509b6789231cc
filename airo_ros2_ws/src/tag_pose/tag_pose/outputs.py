"""Everything that the tag_pose node publishes of one frame."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airo_camera_msgs.msg import TagDetections
from geometry_msgs.msg import PoseArray, PoseWithCovarianceStamped
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from airo_frames.stamps import write_stamp
from airo_frames.text import write_text
from rclpy_loans import LoanPublisher, loan_qos
from tag_pose.messages import write_tags
from tag_pose.observation import DetectedTag
from tag_pose.overlay_output import OverlayOutput
from tag_pose.pipeline import Pipeline
from tag_pose.standard_messages import (
    Located,
    bundle_markers,
    covariance_message,
    fill_apriltag_detection,
    located,
    markers_of,
    pose_message,
    time_message,
)
from tag_pose.tag_table import topic_of
from tag_pose.tagged_frame import TaggedFrame
from tag_pose.transform_output import TransformOutput

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.publisher import Publisher

__all__ = ["TagOutputs"]


class TagOutputs:
    """Publishes the results of a camera. publish() is called by one thread at a time.

    Args:
        node: the node that publishes.
        transforms: policy of TransformOutput.
        pipeline: its configured tags and its bundles get topics of their own.
        failed: called if the thread that draws the overlay ends by an error.
    """

    def __init__(self, node: Node, *, transforms: str, pipeline: Pipeline, failed: Callable[[Exception], None]) -> None:
        self._node = node
        # Reliable and in order: a reader that keeps up gets the result of every frame.
        self._tags = LoanPublisher(node, TagDetections, "tags", qos=loan_qos(16, reliable=True))
        self._poses = node.create_publisher(PoseArray, "tag_poses", 10)
        self._markers = node.create_publisher(MarkerArray, "tag_markers", 10)
        self._transforms = TransformOutput(node, policy=transforms)
        self._pose_publishers: dict[str, Publisher] = {}  # of configured tags and bundles, by topic
        self._posing = threading.Lock()  # held while poses are published: a publisher must not go away meanwhile
        self._apriltag = _ApriltagOutput(node)
        self._overlay = OverlayOutput(node, failed=failed)
        self.follow(pipeline)

    def follow(self, pipeline: Pipeline) -> None:
        """Have a topic for each configured tag and bundle, and no others. Called by the executor."""
        wanted = {entry.topic for entry in pipeline.table.entries}
        wanted |= {topic_of(bundle.name) for bundle in pipeline.bundles}
        publishers = {topic: one for topic, one in self._pose_publishers.items() if topic in wanted}
        for topic in wanted - set(publishers):
            publishers[topic] = self._node.create_publisher(PoseWithCovarianceStamped, f"tag_poses/{topic}", 10)
        unwanted = [one for topic, one in self._pose_publishers.items() if topic not in wanted]
        with self._posing:
            self._pose_publishers = publishers
        for publisher in unwanted:
            self._node.destroy_publisher(publisher)

    def publish(self, result: TaggedFrame, *, is_repeated: bool = False) -> None:
        """Publish the tags of one frame; the standard topics only while somebody listens.

        Args:
            result: of the frame.
            is_repeated: it was published before: only the reader that acknowledges frames needs it again.
        """
        self._publish_tags(result)
        if is_repeated:
            return
        header = Header(stamp=time_message(result.frame.stamp_nanos), frame_id=result.frame.frame_id)
        tags = located(result.tags)
        self._transforms.publish(header, result)
        with self._posing:
            self._publish_poses(header, result)
        if self._poses.get_subscription_count():
            self._poses.publish(PoseArray(header=header, poses=[pose_message(pose) for _, pose in tags]))
        if self._markers.get_subscription_count() and tags:
            markers = [marker for tag, pose in tags for marker in markers_of(header, tag, pose)]
            markers += [marker for bundle in result.bundles for marker in bundle_markers(header, bundle)]
            self._markers.publish(MarkerArray(markers=markers))
        self._apriltag.publish(header, result.tags)
        self._overlay.offer(result)

    def close(self) -> None:
        """End the thread that draws."""
        self._overlay.close()

    def _publish_tags(self, result: TaggedFrame) -> None:
        frame = result.frame
        with self._tags.loan(sequence=frame.sequence) as message:
            write_stamp(message["stamp"], frame.stamp_nanos)
            message["width"], message["height"] = frame.size_wh
            message["detector_time"], message["zero_copy"] = result.detector_time, frame.is_zero_copy
            message["rejected"] = result.rejected
            write_text(message["frame_id"], frame.frame_id, name="frame_id")
            write_tags(message, result.tags)

    def _publish_poses(self, header: Header, result: TaggedFrame) -> None:
        if not self._pose_publishers:
            return
        found: list[tuple[str, Located]] = []
        for tag, pose in located(result.tags):
            entry = result.table.entry(*tag.observation.name)
            if entry is not None:
                found.append((entry.topic, pose))
        found += [(topic_of(bundle.layout.name), bundle) for bundle in result.bundles]
        count = Counter(topic for topic, _ in found)
        for topic, located_one in found:
            # Two tags of one name in one image cannot be told apart.
            publisher = self._pose_publishers.get(topic) if count[topic] == 1 else None
            if publisher is not None and publisher.get_subscription_count():
                message = covariance_message(header, located_one)
                if message is not None:
                    publisher.publish(message)


class _ApriltagOutput:
    """Publishes what apriltag_ros publishes, where apriltag_msgs is installed."""

    def __init__(self, node: Node) -> None:
        try:
            self._messages: Any = import_module("apriltag_msgs.msg")
        except ImportError:
            self._messages = None
            return
        self._publisher = node.create_publisher(self._messages.AprilTagDetectionArray, "detections", 10)

    def publish(self, header: Header, tags: Sequence[DetectedTag]) -> None:
        if self._messages is None or not self._publisher.get_subscription_count():
            return
        make = self._messages.AprilTagDetection
        detections = [fill_apriltag_detection(make(), tag.observation) for tag in tags]
        self._publisher.publish(self._messages.AprilTagDetectionArray(header=header, detections=detections))
