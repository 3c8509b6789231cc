"""The poses of AprilTags in front of a camera, as its tag_pose process finds them."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from airo_camera_msgs.msg import TagDetections
from numpy.typing import NDArray
from rclpy.executors import ExternalShutdownException

from airo_frames.stamps import NANOS_PER_SEC, read_stamp
from airo_ros2.diagnosis import running_cameras_text
from airo_ros2.exceptions import ClosedError, TagTimeoutError
from airo_ros2.graph import cameras_seen_by, publishers_of
from airo_ros2.names import camera_topic, checked_name
from airo_ros2.session import check_process, close_at_exit, node_or_own
from rclpy_loans import LoanSubscription, loan_qos
from rclpy_loans.exceptions import SampleOverwrittenError, SubscriptionError, TakeTimeoutError
from tag_pose.messages import read_tags
from tag_pose.tagger import DetectedTag

if TYPE_CHECKING:
    from rclpy.node import Node
    from typing_extensions import Self

__all__ = ["TagPose", "TagPoses"]

QUEUED_RESULTS = 16


@dataclass(frozen=True, eq=False, repr=False)
class TagPose:
    """Where one tag is. `numpy.asarray(pose)` is `camera_from_tag`.

    Attributes:
        tag_id: number of the tag in its family.
        family: for example tag36h11.
        camera_from_tag: (4, 4) float64, m: the pose of the tag in the camera's optical frame (x right, y down, z
            forward). The tag's x points to its right, y up, z out of it towards the viewer.
        covariance: (6, 6) float64: x, y, z (m) and rotation about the camera's x, y, z (rad); None when unknown.
        stamp_nanos: when the image was acquired, ns since the epoch.
        sequence: number of the frame.
        detection: everything else that was found: corners, margin, the second solution, its ambiguity.
    """

    tag_id: int
    family: str
    camera_from_tag: NDArray[np.float64]
    covariance: NDArray[np.float64] | None
    stamp_nanos: int
    sequence: int
    detection: DetectedTag

    @property
    def stamp(self) -> float:
        """When the image was acquired, s since the epoch, as time.time() counts."""
        return self.stamp_nanos / NANOS_PER_SEC

    def __repr__(self) -> str:
        x, y, z = self.camera_from_tag[:3, 3]
        return f"<TagPose {self.family}:{self.tag_id} at ({x:+.3f}, {y:+.3f}, {z:.3f}) m>"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.camera_from_tag, dtype=dtype)


class TagPoses:
    """Reads the tags that tag_pose finds in the frames of one camera. A context manager.

    Use it in one thread at a time. `airo-ros2 bringup` starts tag_pose beside each camera.

    Args:
        name: of the camera, such as front.
        family: look at tags of this family only, for example tag36h11.
        timeout: s, at most, of every wait that is given no other.
        node: an rclpy node of yours to read with, instead of a hidden one; nothing here spins it.

    Raises:
        CameraNameError: no camera can have such a name.
        ForkedError: this process was forked from one that uses ROS.
    """

    def __init__(
        self, name: str = "camera", *, family: str | None = None, timeout: float = 10.0, node: Node | None = None
    ) -> None:
        self.name = checked_name(name)
        self._family = family
        self._timeout = timeout
        self._node = node_or_own(node)
        self._process_id = os.getpid()
        self._subscription = LoanSubscription(
            self._node, TagDetections, camera_topic(name, "tags"), qos=loan_qos(QUEUED_RESULTS, reliable=True)
        )
        close_at_exit(self)
        weakref.finalize(self, _close_subscription, self._subscription, self._process_id)

    def read(self, *, timeout: float | None = None, newest: bool = True) -> dict[int, TagPose]:
        """Wait for the result of a frame, and return the poses of its tags by their ids; empty when it shows none.

        Of several tags with one id, the one with the largest decision margin is returned. Tags without a pose, since
        the camera is not calibrated or the tag's size unknown, are left out.

        Args:
            timeout: s, at most; by default the reader's.
            newest: the newest result that was not read yet; False for the next in turn, so that none is missed.

        Raises:
            TagTimeoutError: no result came in time; says why.
            ClosedError: the reader was closed, or rclpy shut down.
        """
        return self._poses(self._take(self._timeout if timeout is None else timeout, newest=newest))

    def wait_for(self, tag_id: int, *, timeout: float | None = None) -> TagPose:
        """Wait until a tag is seen in a frame that is processed from now on, and return its pose.

        Args:
            tag_id: number of the tag.
            timeout: s, at most; by default the reader's.

        Raises:
            TagTimeoutError: it was not seen in time; says what was.
            ClosedError: the reader was closed, or rclpy shut down.
        """
        allowed = self._timeout if timeout is None else timeout
        deadline = time.monotonic() + allowed
        seen: set[int] = set()  # with or without a pose
        frames = 0
        self._discard_waiting()
        while True:
            try:
                message = self._take(max(0.0, deadline - time.monotonic()), newest=False, timeout=allowed)
            except TagTimeoutError:
                if not frames:
                    raise
                raise TagTimeoutError(self._not_seen(tag_id, allowed, frames=frames, seen=seen)) from None
            frames += 1
            poses = self._poses(message)
            if tag_id in poses:
                return poses[tag_id]
            seen |= {tag.observation.tag_id for tag in self._tags(message)}

    def stream(self, *, timeout: float | None = None, newest: bool = False) -> Iterator[dict[int, TagPose]]:
        """Yield the poses of frame after frame; see read()."""
        while True:
            yield self.read(timeout=timeout, newest=newest)

    def close(self) -> None:
        """Stop reading. Calling it again does nothing."""
        _close_subscription(self._subscription, self._process_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _poses(self, message: NDArray[np.void]) -> dict[int, TagPose]:
        stamp_nanos, sequence = read_stamp(message["stamp"]), int(message["sequence"])
        found: dict[int, TagPose] = {}
        for tag in sorted(self._tags(message), key=lambda tag: tag.observation.decision_margin):
            if tag.pose is not None:
                found[tag.observation.tag_id] = TagPose(
                    tag_id=tag.observation.tag_id,
                    family=tag.observation.family,
                    camera_from_tag=tag.pose.camera_from_tag,
                    covariance=tag.pose.covariance,
                    stamp_nanos=stamp_nanos,
                    sequence=sequence,
                    detection=tag,
                )
        return dict(sorted(found.items()))

    def _tags(self, message: NDArray[np.void]) -> list[DetectedTag]:
        return [tag for tag in read_tags(message) if self._family in (None, tag.observation.family)]

    def _discard_waiting(self) -> None:
        try:
            self._take(0.0, newest=True)
        except TagTimeoutError:
            return

    def _take(self, remaining: float, *, newest: bool, timeout: float | None = None) -> NDArray[np.void]:
        """Return a copy of the next or newest message."""
        check_process(self._process_id, f"the tags of camera {self.name!r}")
        deadline = time.monotonic() + remaining
        while True:
            try:
                return self._subscription.take(max(0.0, deadline - time.monotonic()), newest=newest).copy()
            except SampleOverwrittenError:
                continue
            except TakeTimeoutError:
                raise TagTimeoutError(self._why_nothing_came(remaining if timeout is None else timeout)) from None
            except (SubscriptionError, ExternalShutdownException):
                raise ClosedError(f"the reader of the tags of camera {self.name!r} is closed") from None

    def _not_seen(self, tag_id: int, timeout: float, *, frames: int, seen: set[int]) -> str:
        start = f"tag {tag_id} was not seen within {timeout:.3g} s in {frames} frames of camera {self.name!r}: "
        if tag_id in seen:
            return start + (
                "it is in the image, but has no pose: give tag_pose the tag's size and the camera a calibration"
            )
        if seen:
            return start + f"seen were {', '.join(map(str, sorted(seen)))}"
        return start + "no tag was seen at all; check the family, the light and the distance"

    def _why_nothing_came(self, timeout: float) -> str:
        start = f"no tags of camera {self.name!r} within {timeout:.3g} s: "
        if publishers_of(self._node, self._subscription.topic):
            return start + "tag_pose runs, but gives no results: does its camera publish frames? Try `airo-ros2 top`"
        cameras = cameras_seen_by(self._node)
        if self.name in cameras:
            return start + "the camera runs, but no tag_pose does for it: start both with `airo-ros2 bringup`"
        if cameras:
            return start + f"it is not running; {running_cameras_text(cameras, self.name)}"
        return start + "no camera is running that can be seen from here; start one with `airo-ros2 bringup`"


def _close_subscription(subscription: LoanSubscription, process_id: int) -> None:
    if os.getpid() == process_id:  # in a forked child its threads do not exist
        subscription.close()
