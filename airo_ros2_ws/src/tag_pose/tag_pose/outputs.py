"""Everything that the tag_pose node publishes of one frame."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airo_camera_msgs.msg import TagDetections
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Pose, PoseArray, Quaternion
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from airo_frames import Frame
from airo_frames.stamps import NANOS_PER_SEC, write_stamp
from airo_frames.text import write_text
from rclpy_loans import LoanPublisher, loan_qos
from tag_pose.messages import write_tags
from tag_pose.pose import PoseEstimate
from tag_pose.tagger import DetectedTag

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["TagOutputs", "TaggedFrame"]

MARKER_LIFETIME_NANOS = 500_000_000
MARKER_THICKNESS = 0.001  # m
TEXT_HEIGHT = 0.5  # of the tag's size


@dataclass(frozen=True, eq=False)
class TaggedFrame:
    """The result of one frame.

    Attributes:
        frame: without its pixels' validity: only its head is used.
        tags: what was found in it.
        detector_time: s, spent in the detector and on the poses.
    """

    frame: Frame
    tags: Sequence[DetectedTag]
    detector_time: float


class TagOutputs:
    """Publishes tags, tag_poses, tag_markers and, where tf2_msgs is installed, /tf. Used by one thread."""

    def __init__(self, node: Node) -> None:
        # Reliable and in order: a reader that keeps up gets the result of every frame.
        self._tags = LoanPublisher(node, TagDetections, "tags", qos=loan_qos(16, reliable=True))
        self._poses = node.create_publisher(PoseArray, "tag_poses", 10)
        self._markers = node.create_publisher(MarkerArray, "tag_markers", 10)
        self._transforms = _TransformOutput.make(node)

    def publish(self, result: TaggedFrame) -> None:
        """Publish the tags of one frame; the standard topics only while somebody listens."""
        self._publish_tags(result)
        header = Header(stamp=_time(result.frame.stamp_nanos), frame_id=result.frame.frame_id)
        located = [(tag, tag.pose) for tag in result.tags if tag.pose is not None]
        if self._poses.get_subscription_count():
            self._poses.publish(PoseArray(header=header, poses=[_pose(pose) for _, pose in located]))
        if self._markers.get_subscription_count() and located:
            self._markers.publish(
                MarkerArray(markers=[m for tag, pose in located for m in _markers(header, tag, pose)])
            )
        if self._transforms is not None:
            self._transforms.publish(header, located)

    def _publish_tags(self, result: TaggedFrame) -> None:
        frame = result.frame
        with self._tags.loan(sequence=frame.sequence) as message:
            write_stamp(message["stamp"], frame.stamp_nanos)
            message["width"], message["height"] = frame.size_wh
            message["detector_time"], message["zero_copy"] = result.detector_time, frame.is_zero_copy
            write_text(message["frame_id"], frame.frame_id, name="frame_id")
            write_tags(message, result.tags)


class _TransformOutput:
    """Publishes each tag whose name is unique in the image as a TF frame such as tag36h11:0."""

    def __init__(self, node: Node, tf_message: Any) -> None:
        from geometry_msgs.msg import TransformStamped

        self._message, self._transform = tf_message, TransformStamped
        self._publisher = node.create_publisher(tf_message, "/tf", 100)

    @classmethod
    def make(cls, node: Node) -> _TransformOutput | None:
        try:
            tf_message = import_module("tf2_msgs.msg").TFMessage
        except ImportError:
            node.get_logger().info("tf2_msgs is not installed: tags are not published on /tf, but on tag_poses")
            return None
        return cls(node, tf_message)

    def publish(self, header: Header, located: Sequence[tuple[DetectedTag, PoseEstimate]]) -> None:
        names = Counter(_frame_name(tag) for tag, _ in located)
        transforms = []
        for tag, estimate in located:
            if names[_frame_name(tag)] == 1:
                stamped = self._transform(header=header, child_frame_id=_frame_name(tag))
                pose = _pose(estimate)
                translation = stamped.transform.translation
                translation.x, translation.y, translation.z = pose.position.x, pose.position.y, pose.position.z
                stamped.transform.rotation = pose.orientation
                transforms.append(stamped)
        if transforms:
            self._publisher.publish(self._message(transforms=transforms))


def _frame_name(tag: DetectedTag) -> str:
    return f"{tag.observation.family}:{tag.observation.tag_id}"


def _time(stamp_nanos: int) -> Time:
    sec, nanosec = divmod(stamp_nanos, NANOS_PER_SEC)
    return Time(sec=sec, nanosec=nanosec)


def _pose(estimate: PoseEstimate) -> Pose:
    x, y, z = map(float, estimate.position)
    qx, qy, qz, qw = map(float, estimate.quaternion_xyzw)
    return Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(x=qx, y=qy, z=qz, w=qw))


def _markers(header: Header, tag: DetectedTag, estimate: PoseEstimate) -> list[Marker]:
    """Return a flat white box where the tag is, and its id on it."""
    size = float(tag.tag_size or 0.0)
    box = Marker(header=header, ns=f"{tag.observation.family}", id=tag.observation.tag_id, type=Marker.CUBE)
    box.pose = _pose(estimate)
    box.scale.x, box.scale.y, box.scale.z = size, size, MARKER_THICKNESS
    box.color = ColorRGBA(r=1.0, g=1.0, b=1.0, a=0.8)
    text = Marker(header=header, ns=f"{tag.observation.family} id", id=tag.observation.tag_id)
    text.type, text.text = Marker.TEXT_VIEW_FACING, str(tag.observation.tag_id)
    text.pose, text.scale.z = box.pose, TEXT_HEIGHT * size
    text.color = ColorRGBA(r=0.1, g=0.4, b=1.0, a=1.0)
    for marker in (box, text):
        marker.lifetime.nanosec = MARKER_LIFETIME_NANOS
    return [box, text]
