"""Everything that can go wrong in airo_ros2.

AiroRos2Error
├── BringupError
│   ├── ConfigError              a set-up file or an option cannot be understood (also a ValueError)
│   ├── SharedMemoryBudgetError  the frames of all cameras do not fit into shared memory
│   ├── ProcessEndedError        a process of the set-up ended before its time
│   └── NoResultError            it ran, but did not do what was asked
├── FrameTimeoutError            of airo_frames: no frame within the time given (also a TimeoutError)
│   ├── CameraNotFoundError      no camera of that name runs
│   └── CameraGoneError          the camera was there, and has ended
└── FacadeError
    ├── CameraNameError          a name cannot be a camera's (also a ValueError)
    ├── ClosedError              it was used after it was closed (also a RuntimeError)
    ├── ForkedError              it was used in a forked child process (also a RuntimeError)
    ├── NotGrabbedError          an image was asked for before the first grab_images() (also a RuntimeError)
    ├── NotCalibratedError       the camera does not know its intrinsics (also a RuntimeError)
    ├── WrongCameraError         the camera has no depth, or no second view (also a TypeError)
    ├── CameraStartError         a camera process could not be started
    │   └── CameraStoppedError   a camera process has ended before it was told to
    ├── RecordingError           a recording could not begin, or has failed
    └── TagTimeoutError          a tag was not seen within the time given (also a TimeoutError)
"""

from __future__ import annotations

from collections.abc import Mapping

from airo_frames.exceptions import FrameTimeoutError
from rclpy_loans.exceptions import AiroRos2Error

__all__ = [
    "AiroRos2Error",
    "BringupError",
    "CameraGoneError",
    "CameraNameError",
    "CameraNotFoundError",
    "CameraStartError",
    "CameraStoppedError",
    "ClosedError",
    "ConfigError",
    "FacadeError",
    "ForkedError",
    "FrameTimeoutError",
    "NoResultError",
    "NotCalibratedError",
    "NotGrabbedError",
    "ProcessEndedError",
    "RecordingError",
    "SharedMemoryBudgetError",
    "TagTimeoutError",
    "WrongCameraError",
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


class CameraNotFoundError(FrameTimeoutError):
    """No camera of that name runs, as far as it can be seen from here."""


class CameraGoneError(FrameTimeoutError):
    """The camera was there, and has ended."""


class FacadeError(AiroRos2Error):
    """Base of what goes wrong in the facade itself."""


class CameraNameError(FacadeError, ValueError):
    """A name cannot be a camera's."""


class ClosedError(FacadeError, RuntimeError):
    """It was used after it was closed."""


class ForkedError(FacadeError, RuntimeError):
    """It was used in a forked child process, where ROS 2 does not work."""


class NotGrabbedError(FacadeError, RuntimeError):
    """An image was asked for before the first grab_images()."""


class NotCalibratedError(FacadeError, RuntimeError):
    """The camera does not know its intrinsics."""


class WrongCameraError(FacadeError, TypeError):
    """The camera has no depth, or no second view."""


class CameraStartError(FacadeError):
    """A camera process could not be started.

    Attributes:
        traceback_text: of the error in the camera's process; empty if there is none.
    """

    def __init__(self, text: str, *, traceback_text: str = "") -> None:
        self.traceback_text = traceback_text
        super().__init__(text)


class CameraStoppedError(CameraStartError):
    """A camera process has ended before it was told to."""


class RecordingError(FacadeError):
    """A recording could not begin, or has failed."""


class TagTimeoutError(FacadeError, TimeoutError):
    """A tag was not seen within the time given."""
