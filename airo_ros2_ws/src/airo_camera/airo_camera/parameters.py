"""Parameters of the camera node."""

from __future__ import annotations

from dataclasses import dataclass

from airo_frames.parameters import parameter

__all__ = ["CameraParameters"]


@dataclass(frozen=True)
class CameraParameters:
    """See the descriptions; README.md has them as a table."""

    source: str = parameter(
        "sim:",
        "sim:, a file, folder or glob of images, a video file, a URL, a device index or /dev/videoN, airo:module.Class",
    )
    rate: float = parameter(
        0.0, "images per second of a source of files; 0 for the rate it was recorded at", minimum=0.0, maximum=10000.0
    )
    loop: bool = parameter(False, "begin a source of files again at its end")
    frames: int = parameter(0, "end after so many frames; 0 for never", minimum=0)
    lockstep: bool = parameter(
        False, "publish a frame only when the one before was acknowledged on the topic processed (not for live sources)"
    )
    frame_id: str = parameter("", "optical frame in all messages; empty for <camera>_optical_frame")
    calibration: str = parameter("", "YAML file in the camera_info format; empty for what the source knows")
    cloud: bool = parameter(
        False, "publish the point clouds that the source makes itself on the topic cloud (airo: sources only)"
    )
    depth: int = parameter(
        4, "frames kept in shared memory for readers, besides the one being written", minimum=1, maximum=100
    )
