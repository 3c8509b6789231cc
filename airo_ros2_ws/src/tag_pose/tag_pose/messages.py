"""Tags in the TagDetections message: written in place, and read back as what the detector found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_frames.rotation import rotation_matrix
from airo_frames.text import read_text, write_text
from tag_pose.observation import TagObservation
from tag_pose.pose import PoseEstimate, PoseSolution, ambiguity_of
from tag_pose.tagger import DetectedTag

__all__ = ["read_tags", "write_tags"]


def write_tags(message: NDArray[np.void], tags: Sequence[DetectedTag]) -> None:
    """Write tags to a TagDetections record; those beyond its capacity are counted in `truncated`.

    Args:
        message: () structured array, writable.
        tags: in any order.
    """
    records = message["detections"]
    message["count"] = min(len(tags), records.size)
    message["truncated"] = max(0, len(tags) - records.size)
    records[: len(tags)] = np.zeros((), records.dtype)
    for record, tag in zip(records, tags, strict=False):
        _write_tag(record, tag)


def read_tags(message: NDArray[np.void]) -> list[DetectedTag]:
    """Return the tags of a TagDetections record. New arrays: nothing refers to the message."""
    return [_read_tag(record) for record in message["detections"][: int(message["count"])].copy()]


def _write_tag(record: Any, tag: DetectedTag) -> None:
    seen = tag.observation
    record["id"], record["hamming"], record["decision_margin"] = seen.tag_id, seen.hamming, seen.decision_margin
    write_text(record["family"], seen.family, name="family")
    record["center"], record["corners"] = seen.center, seen.corners.ravel()
    pose = tag.pose
    if pose is None:
        return
    record["has_pose"], record["size"] = True, tag.tag_size
    record["position"], record["orientation"] = pose.position, pose.quaternion_xyzw
    record["reprojection_error"] = pose.reprojection_error_px
    if pose.alternative is not None:
        record["has_alternative"], record["is_ambiguous"] = True, pose.is_ambiguous
        record["alternative_position"] = pose.alternative.position
        record["alternative_orientation"] = pose.alternative.quaternion_xyzw
        record["alternative_reprojection_error"] = pose.alternative.reprojection_error_px
    if pose.covariance is not None:
        record["has_covariance"] = True
        record["covariance"] = pose.covariance.ravel()


def _read_tag(record: Any) -> DetectedTag:
    observation = TagObservation(
        tag_id=int(record["id"]),
        family=read_text(record["family"]),
        hamming=int(record["hamming"]),
        decision_margin=float(record["decision_margin"]),
        center=record["center"],
        corners=record["corners"].reshape(4, 2),
    )
    if not record["has_pose"]:
        return DetectedTag(observation, None, None)
    best = _read_solution(record, "")
    alternative = _read_solution(record, "alternative_") if record["has_alternative"] else None
    pose = PoseEstimate(
        camera_from_tag=best.camera_from_tag,
        reprojection_error_px=best.reprojection_error_px,
        alternative=alternative,
        ambiguity=ambiguity_of([best] if alternative is None else [best, alternative]),
        is_ambiguous=bool(record["is_ambiguous"]),
        covariance=record["covariance"].reshape(6, 6) if record["has_covariance"] else None,
    )
    return DetectedTag(observation, float(record["size"]), pose)


def _read_solution(record: Any, prefix: str) -> PoseSolution:
    camera_from_tag = np.eye(4)
    camera_from_tag[:3, :3] = rotation_matrix(record[prefix + "orientation"])
    camera_from_tag[:3, 3] = record[prefix + "position"]
    return PoseSolution(camera_from_tag, float(record[prefix + "reprojection_error"]))
