"""Everything that can go wrong in airo_view.

AiroRos2Error
└── ViewError
    ├── AddressError    the web view cannot listen where it should (also a ValueError)
    ├── TokenError      a token that is too weak was given (also a ValueError)
    ├── RequestError    a page asked for something that cannot be understood (also a ValueError)
    └── RecorderError   the recorder did not do what it was asked for
"""

from __future__ import annotations

from rclpy_loans.exceptions import AiroRos2Error

__all__ = ["AddressError", "RecorderError", "RequestError", "TokenError", "ViewError"]


class ViewError(AiroRos2Error):
    """Base of every error that airo_view raises."""


class AddressError(ViewError, ValueError):
    """The web view cannot listen where it should."""


class TokenError(ViewError, ValueError):
    """A token that is too weak was given."""


class RequestError(ViewError, ValueError):
    """A page asked for something that cannot be understood."""


class RecorderError(ViewError):
    """The recorder did not do what it was asked for."""
