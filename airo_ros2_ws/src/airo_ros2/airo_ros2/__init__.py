"""Zero-copy camera frames and AprilTag poses, without knowing ROS 2."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rclpy_loans.exceptions import AiroRos2Error

if TYPE_CHECKING:
    from airo_frames.exceptions import FrameOverwrittenError, FrameTimeoutError
    from airo_frames.frame import Frame
    from airo_ros2.camera import Camera
    from airo_ros2.depth_camera import RGBDCamera, StereoRGBDCamera
    from airo_ros2.exceptions import (
        CameraGoneError,
        CameraNameError,
        CameraNotFoundError,
        CameraStartError,
        CameraStoppedError,
        ClosedError,
        FacadeError,
        ForkedError,
        NotCalibratedError,
        NotGrabbedError,
        RecordingError,
        TagTimeoutError,
        WrongCameraError,
    )
    from airo_ros2.graph import list_cameras
    from airo_ros2.publish import publish_image
    from airo_ros2.recording.recorder import Recorder
    from airo_ros2.serving.server import CameraServer, serve_camera
    from airo_ros2.session import shutdown
    from airo_ros2.tag_poses import TagPose, TagPoses

# Imported on first use: the command starts without rclpy, and nobody waits for what he does not use.
_MODULES = {
    "Camera": "airo_ros2.camera",
    "CameraGoneError": "airo_ros2.exceptions",
    "CameraNameError": "airo_ros2.exceptions",
    "CameraNotFoundError": "airo_ros2.exceptions",
    "CameraServer": "airo_ros2.serving.server",
    "CameraStartError": "airo_ros2.exceptions",
    "CameraStoppedError": "airo_ros2.exceptions",
    "ClosedError": "airo_ros2.exceptions",
    "FacadeError": "airo_ros2.exceptions",
    "ForkedError": "airo_ros2.exceptions",
    "Frame": "airo_frames.frame",
    "FrameOverwrittenError": "airo_frames.exceptions",
    "FrameTimeoutError": "airo_frames.exceptions",
    "NotCalibratedError": "airo_ros2.exceptions",
    "NotGrabbedError": "airo_ros2.exceptions",
    "RGBDCamera": "airo_ros2.depth_camera",
    "Recorder": "airo_ros2.recording.recorder",
    "RecordingError": "airo_ros2.exceptions",
    "StereoRGBDCamera": "airo_ros2.depth_camera",
    "TagPose": "airo_ros2.tag_poses",
    "TagPoses": "airo_ros2.tag_poses",
    "TagTimeoutError": "airo_ros2.exceptions",
    "WrongCameraError": "airo_ros2.exceptions",
    "list_cameras": "airo_ros2.graph",
    "publish_image": "airo_ros2.publish",
    "serve_camera": "airo_ros2.serving.server",
    "shutdown": "airo_ros2.session",
}

__all__ = [
    "AiroRos2Error",
    "Camera",
    "CameraGoneError",
    "CameraNameError",
    "CameraNotFoundError",
    "CameraServer",
    "CameraStartError",
    "CameraStoppedError",
    "ClosedError",
    "FacadeError",
    "ForkedError",
    "Frame",
    "FrameOverwrittenError",
    "FrameTimeoutError",
    "NotCalibratedError",
    "NotGrabbedError",
    "RGBDCamera",
    "Recorder",
    "RecordingError",
    "StereoRGBDCamera",
    "TagPose",
    "TagPoses",
    "TagTimeoutError",
    "WrongCameraError",
    "__version__",
    "list_cameras",
    "publish_image",
    "serve_camera",
    "shutdown",
]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'airo_ros2' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
