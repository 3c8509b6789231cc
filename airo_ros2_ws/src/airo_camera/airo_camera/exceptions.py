"""Everything that can go wrong in airo_camera.

AiroRos2Error
└── CameraError
    ├── SourceSpecError      a source specification cannot be understood (also a ValueError)
    ├── SourceOpenError      the source is not there or cannot be opened
    ├── SourceReadError      the source delivered an unreadable image or failed while it ran
    ├── SourceStalledError   a live source does not return from a call (also a TimeoutError)
    └── CalibrationError     a calibration file is missing, malformed or made for another image size
"""

from __future__ import annotations

from rclpy_loans.exceptions import AiroRos2Error

__all__ = [
    "CalibrationError",
    "CameraError",
    "SourceOpenError",
    "SourceReadError",
    "SourceSpecError",
    "SourceStalledError",
]


class CameraError(AiroRos2Error):
    """Base of every error that airo_camera raises."""


class SourceSpecError(CameraError, ValueError):
    """A source specification cannot be understood."""


class SourceOpenError(CameraError):
    """The source is not there or cannot be opened."""


class SourceReadError(CameraError):
    """The source delivered an unreadable image or failed while it ran."""


class SourceStalledError(CameraError, TimeoutError):
    """A live source does not return from a call. Its thread cannot be ended: the process has to."""


class CalibrationError(CameraError):
    """A calibration file is missing, malformed or made for another image size."""
