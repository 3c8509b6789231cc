"""Poses and tags as the standard messages of ROS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import cv2
import numpy as np
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Pose, PoseWithCovarianceStamped, Quaternion, TransformStamped
from numpy.typing import NDArray
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker

from airo_frames.stamps import NANOS_PER_SEC
from tag_pose.bundle_pose import LocatedBundle
from tag_pose.observation import DetectedTag, TagObservation
from tag_pose.planar import tag_corners
from tag_pose.pose import PoseEstimate

__all__ = [
    "Located",
    "covariance_message",
    "fill_apriltag_detection",
    "located",
    "bundle_markers",
    "markers_of",
    "pose_message",
    "time_message",
    "transform_message",
]

MARKER_LIFETIME_NANOS = 500_000_000
MARKER_THICKNESS = 0.001  # m
TEXT_HEIGHT = 0.5  # of the tag's size
LINE_WIDTH, AXIS_LENGTH = 0.04, 1.0  # of a bundle, in sizes of its smallest and of its largest tag
# The corners of a tag in the plane that apriltag_msgs' homography maps to the image: bottom-left first, y downwards.
HOMOGRAPHY_CORNERS = np.array([[-1, 1], [1, 1], [1, -1], [-1, -1]], np.float32)


class Located(Protocol):
    """A tag or a bundle with a pose."""

    @property
    def position(self) -> NDArray[np.float64]:
        """(3,) float64, m, in the camera frame."""

    @property
    def quaternion_xyzw(self) -> NDArray[np.float64]:
        """(4,) float64."""

    @property
    def covariance(self) -> NDArray[np.float64] | None:
        """(6, 6) float64, see PoseEstimate."""


def time_message(stamp_nanos: int) -> Time:
    """Return a time, ns since the epoch, as a message."""
    sec, nanosec = divmod(stamp_nanos, NANOS_PER_SEC)
    return Time(sec=sec, nanosec=nanosec)


def pose_message(estimate: Located) -> Pose:
    """Return the pose in the camera frame as geometry_msgs/Pose."""
    x, y, z = map(float, estimate.position)
    qx, qy, qz, qw = map(float, estimate.quaternion_xyzw)
    return Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(x=qx, y=qy, z=qz, w=qw))


def covariance_message(header: Header, estimate: Located) -> PoseWithCovarianceStamped | None:
    """Return the pose with its covariance; None without one: zeros would claim that the pose is exact."""
    if estimate.covariance is None:
        return None
    message = PoseWithCovarianceStamped(header=header)
    message.pose.pose = pose_message(estimate)
    message.pose.covariance = estimate.covariance.ravel()
    return message


def transform_message(header: Header, child: str, estimate: Located) -> TransformStamped:
    """Return the pose as the transform of a child frame."""
    message = TransformStamped(header=header, child_frame_id=child)
    pose = pose_message(estimate)
    translation = message.transform.translation
    translation.x, translation.y, translation.z = pose.position.x, pose.position.y, pose.position.z
    message.transform.rotation = pose.orientation
    return message


def markers_of(header: Header, tag: DetectedTag, estimate: PoseEstimate) -> list[Marker]:
    """Return a flat white box where the tag is, and its id on it."""
    size = float(tag.tag_size or 0.0)
    box = _marker(header, tag.observation.family, tag.observation.tag_id, Marker.CUBE)
    box.pose = pose_message(estimate)
    box.scale.x, box.scale.y, box.scale.z = size, size, MARKER_THICKNESS
    box.color = ColorRGBA(r=1.0, g=1.0, b=1.0, a=0.8)
    text = _marker(header, f"{tag.observation.family} id", tag.observation.tag_id, Marker.TEXT_VIEW_FACING)
    text.pose, text.text, text.scale.z = box.pose, str(tag.observation.tag_id), TEXT_HEIGHT * size
    text.color = ColorRGBA(r=0.1, g=0.4, b=1.0, a=1.0)
    return [box, text]


def bundle_markers(header: Header, bundle: LocatedBundle) -> list[Marker]:
    """Return the outlines of all tags of a bundle, also of those that are not seen, its axes and its name."""
    name, sizes = bundle.layout.name, [tag.size for tag in bundle.layout.tags]
    outlines = _marker(header, f"{name} tags", 0, Marker.LINE_LIST)
    axes = _marker(header, f"{name} axes", 0, Marker.LINE_LIST)
    text = _marker(header, f"{name} name", 0, Marker.TEXT_VIEW_FACING)
    outlines.pose = axes.pose = text.pose = pose_message(bundle)
    outlines.scale.x = axes.scale.x = LINE_WIDTH * min(sizes)
    outlines.color = ColorRGBA(r=1.0, g=0.6, b=0.1, a=1.0)
    for tag in bundle.layout.tags:
        corners = tag_corners(tag.size) @ tag.bundle_from_tag[:3, :3].T + tag.bundle_from_tag[:3, 3]
        for corner in (0, 1, 1, 2, 2, 3, 3, 0):
            outlines.points.append(_point(corners[corner]))
    for axis in np.eye(3):
        axes.points += [_point(np.zeros(3)), _point(AXIS_LENGTH * max(sizes) * axis)]
        axes.colors += 2 * [ColorRGBA(r=float(axis[0]), g=float(axis[1]), b=float(axis[2]), a=1.0)]
    text.text, text.scale.z = name, TEXT_HEIGHT * max(sizes)
    text.color = ColorRGBA(r=1.0, g=0.6, b=0.1, a=1.0)
    return [outlines, axes, text]


def _marker(header: Header, namespace: str, number: int, kind: int) -> Marker:
    marker = Marker(header=header, ns=namespace, id=number, type=kind)
    marker.lifetime.nanosec = MARKER_LIFETIME_NANOS
    return marker


def _point(position: NDArray[np.float64]) -> Point:
    x, y, z = map(float, position)
    return Point(x=x, y=y, z=z)


def fill_apriltag_detection(message: Any, seen: TagObservation) -> Any:
    """Return an apriltag_msgs/AprilTagDetection, filled. Pixels keep our convention: the first centre is (0, 0)."""
    message.family, message.id, message.hamming = seen.family, seen.tag_id, seen.hamming
    message.decision_margin = seen.decision_margin
    message.centre.x, message.centre.y = map(float, seen.center)
    for point, corner in zip(message.corners, seen.corners, strict=True):
        point.x, point.y = map(float, corner)
    message.homography = _homography(seen.corners).ravel()
    return message


def _homography(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    found = cv2.getPerspectiveTransform(HOMOGRAPHY_CORNERS, np.asarray(corners, dtype=np.float32))
    return np.asarray(found, dtype=np.float64)


def located(tags: Sequence[DetectedTag]) -> list[tuple[DetectedTag, PoseEstimate]]:
    """Return the tags that have a pose, with it."""
    return [(tag, tag.pose) for tag in tags if tag.pose is not None]
