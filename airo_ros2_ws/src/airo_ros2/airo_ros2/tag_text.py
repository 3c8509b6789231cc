"""A detected tag as a few words for people."""

from __future__ import annotations

import math

import numpy as np

from tag_pose.bundle_pose import LocatedBundle
from tag_pose.tagger import DetectedTag

__all__ = ["bundle_text", "tag_text"]


def tag_text(tag: DetectedTag) -> str:
    """Return name, position in the camera frame and tilt against the line of sight; or where it is in the image."""
    name = f"{tag.observation.family}:{tag.observation.tag_id}"
    if tag.pose is None:
        return f"{name} at ({tag.observation.center[0]:.1f}, {tag.observation.center[1]:.1f}) px"
    x, y, z = tag.pose.position
    towards_camera = -tag.pose.position / np.linalg.norm(tag.pose.position)
    tilt = math.degrees(math.acos(float(np.clip(tag.pose.camera_from_tag[:3, 2] @ towards_camera, -1.0, 1.0))))
    return f"{name} ({x:+.3f}, {y:+.3f}, {z:.3f}) m tilt {tilt:.0f} deg"


def bundle_text(bundle: LocatedBundle) -> str:
    """Return name, position in the camera frame, and how many of its tags were used and rejected."""
    x, y, z = bundle.position
    rejected = f", {len(bundle.rejected)} rejected" if bundle.rejected else ""
    return f"{bundle.layout.name} ({x:+.4f}, {y:+.4f}, {z:.4f}) m from {len(bundle.used)} tags{rejected}"
