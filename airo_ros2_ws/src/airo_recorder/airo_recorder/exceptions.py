"""Everything that can go wrong in airo_recorder.

AiroRos2Error
└── RecorderError
    ├── RecordingSettingsError  a setting cannot be understood or does not go with the others (also a ValueError)
    ├── FrameNotRecordableError the chosen format cannot hold frames of that encoding (also a ValueError)
    ├── RecordingWriteError     a file could not be written; what had been written before stays valid
    ├── RecordingStateError     what was asked for is not possible now, such as pausing what does not record
    └── RecordingRepairError    a file is not the beginning of an MCAP file and cannot be repaired
"""

from __future__ import annotations

from rclpy_loans.exceptions import AiroRos2Error

__all__ = [
    "FrameNotRecordableError",
    "RecorderError",
    "RecordingRepairError",
    "RecordingSettingsError",
    "RecordingStateError",
    "RecordingWriteError",
]


class RecorderError(AiroRos2Error):
    """Base of every error that airo_recorder raises."""


class RecordingSettingsError(RecorderError, ValueError):
    """A setting cannot be understood or does not go with the others."""


class FrameNotRecordableError(RecorderError, ValueError):
    """The chosen format cannot hold frames of that encoding."""


class RecordingWriteError(RecorderError):
    """A file could not be written.

    Attributes:
        was_removed: the file was removed under our hands, so that another one may take its place.
    """

    def __init__(self, text: str, *, was_removed: bool = False) -> None:
        self.was_removed = was_removed
        super().__init__(text)


class RecordingStateError(RecorderError):
    """What was asked for is not possible now."""


class RecordingRepairError(RecorderError):
    """A file is not the beginning of an MCAP file and cannot be repaired."""
