"""The tags of one frame, as the page shows them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from airo_frames.stamps import read_stamp
from airo_view.attitude import yaw_pitch_roll
from tag_pose.detection_json import detection_as_dict
from tag_pose.exceptions import PoseInputError
from tag_pose.lens import project
from tag_pose.messages import read_tags
from tag_pose.tagger import DetectedTag

__all__ = ["tag_report"]

AXIS_LENGTH = 0.5  # of the tag's edge


def tag_report(camera: str, message: NDArray[np.void], *, intrinsics: Intrinsics | None, now_nanos: int) -> str:
    """Return a TagDetections record as the JSON that is sent to pages.

    Args:
        camera: its name.
        message: () structured array.
        intrinsics: of the camera; the axes of the tags are projected with them.
        now_nanos: time, ns since the epoch.
    """
    stamp_nanos = read_stamp(message["stamp"])
    tags = read_tags(message)
    content = {
        "type": "tags",
        "camera": camera,
        "sequence": int(message["sequence"]),
        "stamp_ms": stamp_nanos / 1e6,
        "width": int(message["width"]),
        "height": int(message["height"]),
        "latency_ms": (now_nanos - stamp_nanos) / 1e6,
        "detector_ms": float(message["detector_time"]) * 1e3,
        "zero_copy": bool(message["zero_copy"]),
        "detections": [_tag_as_dict(tag, intrinsics) for tag in tags],
    }
    return json.dumps(content, allow_nan=False, separators=(",", ":"))


def _tag_as_dict(tag: DetectedTag, intrinsics: Intrinsics | None) -> dict[str, Any]:
    content = detection_as_dict(tag)
    for name in ("alternative", "covariance"):
        del content[name]
    content |= {"size": tag.tag_size, "axes": None, "yaw_pitch_roll_deg": None, "sigma_m": None, "sigma_deg": None}
    if tag.pose is None:
        return content
    content["yaw_pitch_roll_deg"] = yaw_pitch_roll(tag.pose.camera_from_tag)
    if tag.pose.covariance is not None:
        sigmas = np.sqrt(np.maximum(np.diag(tag.pose.covariance), 0.0))
        content["sigma_m"] = _finite(sigmas[:3])
        content["sigma_deg"] = _finite(np.degrees(sigmas[3:]))
    if intrinsics is not None and tag.tag_size:
        content["axes"] = _axes(tag.pose.camera_from_tag, tag.tag_size, intrinsics)
    return content


def _axes(camera_from_tag: NDArray[np.float64], size: float, intrinsics: Intrinsics) -> Any:
    """Return [x, y] of the tag's origin and of the ends of its x, y and z axes, px; None if they cannot be seen."""
    points = np.vstack([np.zeros(3), np.eye(3)]) * (AXIS_LENGTH * size)
    in_camera = points @ camera_from_tag[:3, :3].T + camera_from_tag[:3, 3]
    if in_camera[:, 2].min() <= 0:
        return None
    try:
        return _finite(project(in_camera[:, :2] / in_camera[:, 2:], intrinsics=intrinsics))
    except PoseInputError:  # the intrinsics have changed since the pose was estimated
        return None


def _finite(values: NDArray[Any]) -> Any:
    return values.tolist() if np.isfinite(values).all() else None
