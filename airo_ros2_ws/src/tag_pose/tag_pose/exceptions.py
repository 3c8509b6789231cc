"""Everything that can go wrong in tag_pose.

AiroRos2Error
└── TagPoseError
    ├── DetectorSettingError     a setting of the detector is out of range or unknown (also a ValueError)
    ├── DetectorImageError       the image is not something a detector can look at (also a ValueError)
    ├── DetectorClosedError      the detector was used after it was closed
    ├── PoseInputError           corners, tag size or intrinsics cannot give a pose (also a ValueError)
    └── BundleError              a bundle or its file cannot be used (also a ValueError)
        └── BundleCalibrationError   the images do not tell the layout of a bundle; says what is missing
"""

from __future__ import annotations

from rclpy_loans.exceptions import AiroRos2Error

__all__ = [
    "BundleCalibrationError",
    "BundleError",
    "DetectorClosedError",
    "DetectorImageError",
    "DetectorSettingError",
    "PoseInputError",
    "TagPoseError",
]


class TagPoseError(AiroRos2Error):
    """Base of every error that tag_pose raises."""


class DetectorSettingError(TagPoseError, ValueError):
    """A setting of the detector is out of range or unknown."""


class DetectorImageError(TagPoseError, ValueError):
    """The image is not something a detector can look at."""


class DetectorClosedError(TagPoseError):
    """The detector was used after it was closed."""


class PoseInputError(TagPoseError, ValueError):
    """Corners, tag size or intrinsics cannot give a pose."""


class BundleError(TagPoseError, ValueError):
    """A bundle or its file cannot be used."""


class BundleCalibrationError(BundleError):
    """The images do not tell the layout of a bundle."""
