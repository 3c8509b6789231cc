"""Zero-copy loaned messages for rclpy, for any message of fixed size, safe by construction."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rclpy_loans.exceptions import (
    AiroRos2Error,
    LoansError,
    LoanUnavailableError,
    ProfileError,
    PublisherError,
    SampleOverwrittenError,
    SharedMemoryError,
    SubscriptionError,
    TakeTimeoutError,
    UnsupportedMessageError,
)
from rclpy_loans.profile import apply_profile

if TYPE_CHECKING:
    from rclpy_loans.layout import message_dtype
    from rclpy_loans.publisher import LoanPublisher
    from rclpy_loans.qos import loan_qos
    from rclpy_loans.sample import Sample, SampleInfo
    from rclpy_loans.subscription import LoanSubscription

__all__ = [
    "AiroRos2Error",
    "LoanPublisher",
    "LoanSubscription",
    "LoanUnavailableError",
    "LoansError",
    "ProfileError",
    "PublisherError",
    "Sample",
    "SampleInfo",
    "SampleOverwrittenError",
    "SharedMemoryError",
    "SubscriptionError",
    "TakeTimeoutError",
    "UnsupportedMessageError",
    "apply_profile",
    "loan_qos",
    "message_dtype",
]

# Imported on first use: pure code needs the errors and the profile without loading rclpy.
_MODULES = {
    "LoanPublisher": "publisher",
    "LoanSubscription": "subscription",
    "Sample": "sample",
    "SampleInfo": "sample",
    "loan_qos": "qos",
    "message_dtype": "layout",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"rclpy_loans.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'rclpy_loans' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
