"""Everything that can go wrong in airo_ros2.

AiroRos2Error
└── BringupError
    ├── ConfigError              a set-up file or an option cannot be understood (also a ValueError)
    ├── SharedMemoryBudgetError  the frames of all cameras do not fit into shared memory
    ├── ProcessEndedError        a process of the set-up ended before its time
    └── NoResultError            it ran, but did not do what was asked
"""

from __future__ import annotations

from collections.abc import Mapping

from rclpy_loans.exceptions import AiroRos2Error

__all__ = [
    "AiroRos2Error",
    "BringupError",
    "ConfigError",
    "NoResultError",
    "ProcessEndedError",
    "SharedMemoryBudgetError",
]


class BringupError(AiroRos2Error):
    """Base of every error of a set-up of processes."""


class ConfigError(BringupError, ValueError):
    """A set-up file or an option cannot be understood."""


class SharedMemoryBudgetError(BringupError):
    """The frames of all cameras of a set-up do not fit into shared memory together.

    Attributes:
        needs: bytes, by the camera's name.
        free: bytes of /dev/shm.
        total: bytes of /dev/shm.
    """

    def __init__(self, needs: Mapping[str, int], *, free: int, total: int) -> None:
        self.needs = dict(needs)
        self.free = free
        self.total = total
        super().__init__(needs, free, total)

    def __str__(self) -> str:
        needed = sum(self.needs.values())
        each = ", ".join(f"{name} {need / 1e6:.0f} MB" for name, need in self.needs.items())
        return (
            f"the cameras need {needed / 1e6:.0f} MB of /dev/shm ({each}), of whose {self.total / 1e6:.0f} MB "
            f"{self.free / 1e6:.0f} MB are free: use fewer or smaller cameras or a smaller depth, or enlarge it "
            f"(mount -o remount,size={(self.total - self.free + needed) // 10**6 + 1}M /dev/shm; for a container: "
            "--shm-size, or --ipc=host)"
        )


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
