"""Everything that can go wrong in airo_frames.

AiroRos2Error
└── FramesError
    ├── ArrayContractError       an array has another shape or dtype than the function needs (also a ValueError)
    ├── EncodingError            an encoding is unknown or does not suit the operation (also a ValueError)
    ├── FrameTooLargeError       no message class holds a frame of that size (also a ValueError)
    ├── FrameTimeoutError        no frame within the time given (also a TimeoutError)
    ├── FrameOverwrittenError    the camera has reused the slot that a frame looks at
    └── ImageFileError           a file or folder is missing, or holds no image that can be read
"""

from __future__ import annotations

from rclpy_loans.exceptions import AiroRos2Error

__all__ = [
    "ArrayContractError",
    "EncodingError",
    "FrameOverwrittenError",
    "FrameTimeoutError",
    "FrameTooLargeError",
    "FramesError",
    "ImageFileError",
]


class FramesError(AiroRos2Error):
    """Base of every error that airo_frames raises."""


class ArrayContractError(FramesError, ValueError):
    """An array has another shape or dtype than expected."""


class EncodingError(FramesError, ValueError):
    """An encoding is unknown or does not suit the operation."""


class FrameTooLargeError(FramesError, ValueError):
    """No message class holds a frame of that size."""


class FrameTimeoutError(FramesError, TimeoutError):
    """No frame arrived within the time given."""


class FrameOverwrittenError(FramesError):
    """The camera has reused the slot that the frame looks at."""


class ImageFileError(FramesError):
    """A file or folder is missing, or holds no image that can be read."""
