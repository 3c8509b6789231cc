"""Everything that can go wrong in airo_ros2.

AiroRos2Error
└── BringupError
    ├── ConfigError        a set-up file or an option cannot be understood (also a ValueError)
    ├── ProcessEndedError  a process of the set-up ended before its time
    └── NoResultError      it ran, but did not do what was asked
"""

from __future__ import annotations

from rclpy_loans.exceptions import AiroRos2Error

__all__ = ["AiroRos2Error", "BringupError", "ConfigError", "NoResultError", "ProcessEndedError"]


class BringupError(AiroRos2Error):
    """Base of every error of a set-up of processes."""


class ConfigError(BringupError, ValueError):
    """A set-up file or an option cannot be understood."""


class ProcessEndedError(BringupError):
    """A process of the set-up ended before its time.

    Attributes:
        has_said_why: the process explained it on stderr itself.
    """

    def __init__(self, text: str, *, has_said_why: bool) -> None:
        self.has_said_why = has_said_why
        super().__init__(text)


class NoResultError(BringupError):
    """The set-up ran, but did not do what was asked."""
