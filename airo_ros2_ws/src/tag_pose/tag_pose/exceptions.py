"""Everything that can go wrong in tag_pose.

AiroRos2Error
└── TagPoseError
    ├── DetectorSettingError     a setting of the detector is out of range or unknown (also a ValueError)
    ├── DetectorImageError       the image is not something a detector can look at (also a ValueError)
    ├── DetectorClosedError      the detector was used after it was closed
    ├── DetectorFailedError      the library failed at an image; the next one may work
    ├── PoseInputError           corners, tag size or intrinsics cannot give a pose (also a ValueError)
    ├── TagTableError            the sizes and frames of tags are not understood (also a ValueError)
    └── BundleError              a bundle or its file cannot be used (also a ValueError)
        └── BundleCalibrationError   the images do not tell the layout of a bundle; says what is missing
"""

from __future__ import annotations

from rclpy_loans.exceptions import AiroRos2Error

__all__ = [
    "BundleCalibrationError",
    "BundleError",
    "DetectorClosedError",
    "DetectorFailedError",
    "DetectorImageError",
    "DetectorSettingError",
    "PoseInputError",
    "TagPoseError",
    "TagTableError",
]


class TagPoseError(AiroRos2Error):
    """Base of every error that tag_pose raises."""


class DetectorSettingError(TagPoseError, ValueError):
    """A setting of the detector is out of range or unknown."""


class DetectorImageError(TagPoseError, ValueError):
    """The image is not something a detector can look at."""


class DetectorClosedError(TagPoseError):
    """The detector was used after it was closed."""


class DetectorFailedError(TagPoseError):
    """The library failed at an image; the next one may work."""


class PoseInputError(TagPoseError, ValueError):
    """Corners, tag size or intrinsics cannot give a pose."""


class TagTableError(TagPoseError, ValueError):
    """The sizes and frames of tags are not understood."""


class BundleError(TagPoseError, ValueError):
    """A bundle or its file cannot be used."""


class BundleCalibrationError(BundleError):
    """The images do not tell the layout of a bundle."""
