"""Why no frame comes from a camera, in words that say what to do."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airo_frames.exceptions import FrameTimeoutError
from airo_frames.formats import FRAME_FAMILIES, message_named
from airo_ros2.domains import cameras_in_domain, domains_in_use
from airo_ros2.exceptions import CameraGoneError, CameraNotFoundError
from airo_ros2.graph import cameras_seen_by, publishers_of
from airo_ros2.names import camera_topic
from rclpy_loans.shared_memory import other_owner, segment_path

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["LastFrame", "running_cameras_text", "why_no_frame"]

PROBE_SECS = 1.0  # per other domain
MAX_PROBED_DOMAINS = 3


@dataclass(frozen=True)
class LastFrame:
    """The last frame that came from a camera: its number, and how long ago it came, s."""

    sequence: int
    age: float


def why_no_frame(node: Node, name: str, timeout: float, *, last: LastFrame | None) -> FrameTimeoutError:
    """Return the error that tells why no frame came from a camera.

    Args:
        node: that waited.
        name: of the camera.
        timeout: how long it waited, s.
        last: the last frame that came; None if there never was one.
    """
    start = f"no frame of camera {name!r} within {timeout:.3g} s: "
    publishers = publishers_of(node, camera_topic(name, "frame"))
    frames = [info for info in publishers if message_named(info.topic_type, families=FRAME_FAMILIES)]
    if frames:
        return FrameTimeoutError(start + _of_running([bytes(info.endpoint_gid)[:16] for info in frames], last))
    if publishers:
        kinds = ", ".join(sorted({info.topic_type for info in publishers}))
        return CameraNotFoundError(f"{start}what is published on {camera_topic(name, 'frame')} is {kinds}, not frames")
    if last is not None:
        return CameraGoneError(
            f"{start}it has ended; the last frame that was read, {last.sequence}, came {last.age:.1f} s ago: start it "
            "again, and this reader goes on by itself"
        )
    return CameraNotFoundError(start + _of_missing(node, name))


def running_cameras_text(names: list[str], name: str) -> str:
    """Return which cameras run, with the ones first that a name may have been meant for."""
    near = difflib.get_close_matches(name, names, n=2, cutoff=0.5)
    text = f"running are {', '.join(names)}"
    return f"did you mean {' or '.join(map(repr, near))}? {text}" if near else text


def _of_running(gids: list[bytes], last: LastFrame | None) -> str:
    owner = next((owner for owner in map(other_owner, gids) if owner is not None), None)
    if owner is not None:
        return f"it runs as user {owner} and this process as user {os.getuid()}: run both as the same user"
    if last is not None:
        return (
            f"it is connected, but the last frame, {last.sequence}, came {last.age:.1f} s ago: it is slow, hangs, or "
            "was killed less than 5 s ago"
        )
    if not any(segment_path(gid).exists() for gid in gids):
        return (
            "it is connected, but does not share memory with this process: it was killed, or runs on another machine "
            "or in another container. Frames come from another machine when the compressed relay runs there "
            "(python -m airo_view.relay.compressed_node); containers need --ipc=host"
        )
    return "it is connected, but has not published a frame yet: wait longer, or look at what its process says"


def _of_missing(node: Node, name: str) -> str:
    cameras = cameras_seen_by(node)
    if cameras:
        return f"it is not running; {running_cameras_text(cameras, name)}"
    domain = node.context.get_domain_id()
    others = [other for other in domains_in_use() if other != domain]
    for other in others[:MAX_PROBED_DOMAINS]:
        there = cameras_in_domain(other, timeout=PROBE_SECS)
        if there:
            return (
                f"no camera runs in ROS domain {domain}, but {', '.join(there)} in domain {other}: "
                f"set ROS_DOMAIN_ID={other} before this program starts"
            )
    hint = "start one with `airo-ros2 bringup` or airo_ros2.serve_camera()"
    if domain:
        hint += f", and check ROS_DOMAIN_ID, which is {domain} here"
    return f"no camera is running on this machine that can be seen from here; {hint}"
