"""Camera frames as numpy arrays in fixed-size messages."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from airo_frames.encodings import ENCODINGS, Encoding, encoding_named
from airo_frames.exceptions import (
    ArrayContractError,
    EncodingError,
    FrameOverwrittenError,
    FramesError,
    FrameTimeoutError,
    FrameTooLargeError,
)
from airo_frames.frame import Frame
from airo_frames.intrinsics import Intrinsics
from airo_frames.point_cloud import PointCloud, colored_point_cloud, unproject
from airo_frames.point_cloud_frame import PointCloudFrame
from airo_frames.rgbd_frame import RgbdFrame, StereoRgbdFrame
from airo_frames.view import View

if TYPE_CHECKING:
    from airo_frames.formats import FrameFormat, all_formats, smallest_format
    from airo_frames.point_cloud_publisher import PointCloudPublisher
    from airo_frames.point_cloud_subscription import PointCloudSubscription
    from airo_frames.publisher import FramePublisher
    from airo_frames.rgbd_publisher import RgbdPlanes, RgbdPublisher, StereoRgbdPlanes, StereoRgbdPublisher
    from airo_frames.subscription import FrameSubscription

__all__ = [
    "ENCODINGS",
    "ArrayContractError",
    "Encoding",
    "EncodingError",
    "Frame",
    "FrameFormat",
    "FrameOverwrittenError",
    "FramePublisher",
    "FrameSubscription",
    "FrameTimeoutError",
    "FrameTooLargeError",
    "FramesError",
    "Intrinsics",
    "PointCloud",
    "PointCloudFrame",
    "PointCloudPublisher",
    "PointCloudSubscription",
    "RgbdFrame",
    "RgbdPlanes",
    "RgbdPublisher",
    "StereoRgbdFrame",
    "StereoRgbdPlanes",
    "StereoRgbdPublisher",
    "View",
    "all_formats",
    "colored_point_cloud",
    "encoding_named",
    "smallest_format",
    "unproject",
]

# Imported on first use: pure code needs frames and intrinsics without loading rclpy.
_MODULES = {
    "FrameFormat": "formats",
    "FramePublisher": "publisher",
    "FrameSubscription": "subscription",
    "PointCloudPublisher": "point_cloud_publisher",
    "PointCloudSubscription": "point_cloud_subscription",
    "RgbdPlanes": "rgbd_publisher",
    "RgbdPublisher": "rgbd_publisher",
    "StereoRgbdPlanes": "rgbd_publisher",
    "StereoRgbdPublisher": "rgbd_publisher",
    "all_formats": "formats",
    "smallest_format": "formats",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"airo_frames.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'airo_frames' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
