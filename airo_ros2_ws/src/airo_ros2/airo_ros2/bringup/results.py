"""What tag_pose finds, as JSON objects and as lines for people."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_frames.stamps import NANOS_PER_SEC, read_stamp
from airo_ros2.tag_text import tag_text
from tag_pose.detection_json import detection_as_dict
from tag_pose.messages import read_tags
from tag_pose.tagger import DetectedTag

__all__ = ["FrameResult"]


@dataclass(frozen=True, eq=False)
class FrameResult:
    """The tags of one frame.

    Attributes:
        camera: name of the camera.
        sequence: number of the frame.
        stamp_nanos: acquisition time, ns since the epoch.
        size_wh: (width, height), px.
        latency_secs: from acquisition until the result was here.
        is_zero_copy: tag_pose read the frame in the memory that the camera wrote.
        tags: what was found.
    """

    camera: str
    sequence: int
    stamp_nanos: int
    size_wh: tuple[int, int]
    latency_secs: float
    is_zero_copy: bool
    tags: list[DetectedTag]

    @classmethod
    def from_message(cls, camera: str, message: NDArray[np.void]) -> FrameResult:
        """Return the content of a TagDetections record that has just arrived."""
        stamp_nanos = read_stamp(message["stamp"])
        return cls(
            camera=camera,
            sequence=int(message["sequence"]),
            stamp_nanos=stamp_nanos,
            size_wh=(int(message["width"]), int(message["height"])),
            latency_secs=(time.time_ns() - stamp_nanos) / NANOS_PER_SEC,
            is_zero_copy=bool(message["zero_copy"]),
            tags=read_tags(message),
        )

    def as_json(self) -> str:
        """Return one JSON object on one line."""
        content: dict[str, Any] = {
            "camera": self.camera,
            "sequence": self.sequence,
            "stamp": self.stamp_nanos / NANOS_PER_SEC,
            "width": self.size_wh[0],
            "height": self.size_wh[1],
            "latency_ms": self.latency_secs * 1e3,
            "zero_copy": self.is_zero_copy,
            "detections": [detection_as_dict(tag) for tag in self.tags],
        }
        return json.dumps(content, allow_nan=False)

    def as_line(self) -> str:
        """Return one line for people."""
        tags = "  ".join(tag_text(tag) for tag in self.tags)
        return f"{self.camera} {self.sequence:6d} {self.latency_secs * 1e3:6.1f} ms  {tags}"
