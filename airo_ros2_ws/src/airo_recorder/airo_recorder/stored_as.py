"""What the summary says of each stream: as what it was recorded, and what that keeps of it."""

from __future__ import annotations

from airo_recorder.cloud_messages import CLOUD
from airo_recorder.codecs import CODECS
from airo_recorder.frame_messages import CONFIDENCE, DEPTH, RIGHT
from airo_recorder.settings import RecordingSettings

__all__ = ["stored_as"]

_MILLIMETRES = "whole mm, rounded; 0 where it is not known, nearer than 0.5 mm or beyond 65.535 m"
_STEPS = "in steps of 1/255, rounded"


def stored_as(camera: str, *, settings: RecordingSettings) -> dict[str, str]:
    """Return as what each stream of a camera is recorded."""
    cloud = f"sensor_msgs/PointCloud2 on /{camera}/{CLOUD}: exact"
    return (_as_videos(settings) if settings.is_video else _as_messages(camera, settings)) | {"cloud": cloud}


def _as_videos(settings: RecordingSettings) -> dict[str, str]:
    codec = f"video, {CODECS[settings.codec].encoder}: {'lossless' if settings.codec == 'ffv1' else 'lossy'}"
    return {
        "image": codec,
        "depth": f"video, ffv1 gray16le: {_MILLIMETRES}",
        "confidence": f"video, ffv1 gray: {_STEPS}",
        "right": codec,
    }


def _as_messages(camera: str, settings: RecordingSettings) -> dict[str, str]:
    kind, ending, type_name = f"{settings.image}: {'lossy' if settings.image == 'jpeg' else 'lossless'}", "", "Image"
    if settings.image != "raw":
        ending, type_name = "/compressed", "CompressedImage"
    depth = {
        "exact": f"sensor_msgs/Image 32FC1 on /{camera}/{DEPTH}: exact, m, NaN where it is not known",
        "mm": f"sensor_msgs/Image 16UC1 on /{camera}/{DEPTH}: {_MILLIMETRES}",
        "png": f"sensor_msgs/CompressedImage on /{camera}/{DEPTH}/compressedDepth: {_MILLIMETRES}",
    }
    kept = "32FC1" if settings.depth == "exact" else "mono8"
    return {
        "image": f"sensor_msgs/{type_name} on /{camera}/image_raw{ending}, {kind}",
        "depth": depth[settings.depth],
        "confidence": f"sensor_msgs/Image {kept} on /{camera}/{CONFIDENCE}: "
        + ("exact" if settings.depth == "exact" else _STEPS),
        "right": f"sensor_msgs/{type_name} on /{camera}/{RIGHT}{ending}, {kind}",
    }
