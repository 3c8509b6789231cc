"""A detected tag as the JSON object that the command line prints."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tag_pose.bundle_pose import LocatedBundle
from tag_pose.pose import PoseEstimate, PoseSolution
from tag_pose.tagger import DetectedTag

__all__ = ["bundle_as_dict", "detection_as_dict"]


def detection_as_dict(tag: DetectedTag) -> dict[str, object]:
    """Return a tag as plain strings, numbers, lists and dicts, ready for json.dumps(allow_nan=False).

    Pixels follow OpenCV; positions are metres in the camera frame; `covariance` is the (6, 6) matrix row by row.
    Without a pose, all its fields are None.
    """
    seen = tag.observation
    return {
        "id": seen.tag_id,
        "family": seen.family,
        "hamming": seen.hamming,
        "decision_margin": seen.decision_margin,
        "center": _numbers(seen.center),
        "corners": [_numbers(corner) for corner in seen.corners],
        **_pose_fields(tag.pose),
        "alternative": None if tag.pose is None or tag.pose.alternative is None else _pose_fields(tag.pose.alternative),
        "ambiguous": None if tag.pose is None else tag.pose.is_ambiguous,
        "covariance": None if tag.pose is None or tag.pose.covariance is None else _numbers(tag.pose.covariance),
    }


def bundle_as_dict(bundle: LocatedBundle) -> dict[str, object]:
    """Return a bundle ready for json.dumps(allow_nan=False): its pose, and the tags it was made from as FAMILY:ID."""
    return {
        "name": bundle.layout.name,
        "frame": bundle.layout.frame,
        "position": _numbers(bundle.position),
        "quaternion_xyzw": _numbers(bundle.quaternion_xyzw),
        "reprojection_error_px": bundle.reprojection_error_px,
        "covariance": None if bundle.covariance is None else _numbers(bundle.covariance),
        "ambiguous": bundle.is_ambiguous,
        "tags": [f"{family}:{tag_id}" for family, tag_id in bundle.used],
        "rejected_tags": [f"{family}:{tag_id}" for family, tag_id in bundle.rejected],
    }


def _pose_fields(pose: PoseEstimate | PoseSolution | None) -> dict[str, object]:
    return {
        "position": None if pose is None else _numbers(pose.position),
        "quaternion_xyzw": None if pose is None else _numbers(pose.quaternion_xyzw),
        "reprojection_error_px": None if pose is None else pose.reprojection_error_px,
    }


def _numbers(array: NDArray[np.float64]) -> list[float]:
    return [float(number) for number in array.ravel()]
