"""Everything that can go wrong in rclpy_loans, and the root of all errors of airo-ros2.

AiroRos2Error
└── LoansError
    ├── UnsupportedMessageError     the message class cannot be shared: not of fixed size, or laid out unexpectedly
    ├── PublisherError              a message could not be published
    │   └── LoanUnavailableError    the middleware has no free slot
    ├── SubscriptionError           a subscription was used in a way it does not support
    ├── TakeTimeoutError            no message within the time given (also a TimeoutError)
    ├── SampleOverwrittenError      the writer has reused the slot that a sample looks at
    └── ProfileError                the Fast DDS profile could not be applied
"""

from __future__ import annotations

__all__ = [
    "AiroRos2Error",
    "LoanUnavailableError",
    "LoansError",
    "ProfileError",
    "PublisherError",
    "SampleOverwrittenError",
    "SubscriptionError",
    "TakeTimeoutError",
    "UnsupportedMessageError",
]


class AiroRos2Error(Exception):
    """Base of every error that a package of airo-ros2 raises."""


class LoansError(AiroRos2Error):
    """Base of every error that rclpy_loans raises."""


class UnsupportedMessageError(LoansError):
    """The message class cannot be shared without a copy."""


class PublisherError(LoansError):
    """A message could not be published."""


class LoanUnavailableError(PublisherError):
    """The middleware has no free slot to lend."""


class SubscriptionError(LoansError):
    """A subscription was used in a way it does not support."""


class TakeTimeoutError(LoansError, TimeoutError):
    """No message arrived within the time given."""

    def __init__(self, topic: str, timeout: float, publishers: int) -> None:
        self.topic = topic
        self.timeout = timeout
        self.publishers = publishers
        super().__init__(topic, timeout, publishers)

    def __str__(self) -> str:
        if self.publishers:
            reason = f"{self.publishers} publisher(s) are connected: they are slower than this, or have stopped"
        else:
            reason = "nobody publishes on it: check the topic's name, ROS_DOMAIN_ID and that the publisher runs"
        return f"no message on {self.topic} within {self.timeout:g} s; {reason}"


class SampleOverwrittenError(LoansError):
    """The writer has reused the slot that the sample looks at."""

    def __init__(self, topic: str, publication_number: int) -> None:
        self.topic = topic
        self.publication_number = publication_number
        super().__init__(topic, publication_number)

    def __str__(self) -> str:
        return (
            f"message {self.publication_number} on {self.topic} was overwritten while it was read: "
            "read it sooner after taking it, use copy(), or give the publisher a deeper history"
        )


class ProfileError(LoansError):
    """The Fast DDS profile could not be applied."""
