"""Everything that can go wrong in rclpy_loans, and the root of all errors of airo-ros2.

AiroRos2Error
└── LoansError
    ├── UnsupportedMessageError     the message class cannot be shared: not of fixed size, or laid out unexpectedly
    ├── PublisherError              a message could not be published
    │   ├── LoanUnavailableError    the middleware has no free slot
    │   └── SharedMemoryError       the messages do not fit into shared memory
    ├── SubscriptionError           a subscription was used in a way it does not support
    ├── TakeTimeoutError            no message within the time given (also a TimeoutError)
    ├── SampleOverwrittenError      the writer has reused the slot that a sample looks at
    └── ProfileError                the Fast DDS profile could not be applied
"""

from __future__ import annotations

import os

__all__ = [
    "AiroRos2Error",
    "LoanUnavailableError",
    "LoansError",
    "ProfileError",
    "PublisherError",
    "SampleOverwrittenError",
    "SharedMemoryError",
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


class SharedMemoryError(PublisherError):
    """The messages of a publisher do not fit into shared memory.

    Attributes:
        needed: bytes.
        free: bytes.
        total: bytes, of the file system.
    """

    def __init__(self, topic: str, *, message_bytes: int, slots: int, needed: int, free: int, total: int) -> None:
        self.needed = needed
        self.free = free
        self.total = total
        self._what = f"{slots} slots of {message_bytes / 1e6:.1f} MB for {topic}"
        super().__init__(topic, needed, free, total)

    def __str__(self) -> str:
        if self.free >= self.needed:
            return f"{self._what} need {self.needed / 1e6:.0f} MB: Fast DDS shares at most 4295 MB; use a smaller depth"
        return (
            f"{self._what} need {self.needed / 1e6:.0f} MB of /dev/shm, of whose {self.total / 1e6:.0f} MB "
            f"{self.free / 1e6:.0f} MB are free: use a smaller depth or smaller messages, remove what ended processes "
            f"left, or enlarge it (mount -o remount,size={(self.total - self.free + self.needed) // 10**6 + 1}M "
            "/dev/shm; for a container: --shm-size, or --ipc=host)"
        )


class SubscriptionError(LoansError):
    """A subscription was used in a way it does not support."""


class TakeTimeoutError(LoansError, TimeoutError):
    """No message arrived within the time given.

    Attributes:
        topic: resolved name.
        timeout: s.
        publishers: how many are connected.
        other_user: user id of a publisher that belongs to somebody else; None if there is none.
        other_types: what else is published on the topic, for example geometry_msgs/msg/Pose.
    """

    def __init__(
        self,
        topic: str,
        timeout: float,
        publishers: int,
        other_user: int | None = None,
        other_types: tuple[str, ...] = (),
    ) -> None:
        self.topic = topic
        self.timeout = timeout
        self.publishers = publishers
        self.other_user = other_user
        self.other_types = other_types
        super().__init__(topic, timeout, publishers, other_user, other_types)

    def __str__(self) -> str:
        if self.other_user is not None:
            reason = (
                f"its publisher runs as user {self.other_user} and this process as user {os.getuid()}: "
                "shared memory is between processes of one user; run both as the same"
            )
        elif self.publishers:
            reason = f"{self.publishers} publisher(s) are connected: they are slower than this, or have stopped"
        elif self.other_types:
            reason = f"what is published there is {', '.join(self.other_types)}: subscribe with that type"
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
