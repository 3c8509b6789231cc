"""The interface of a subject, and the list of them."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from transport.frame import Bytes

__all__ = ["OURS", "SUBJECTS", "Channel", "CopyingWriter", "Handle", "Reader", "Subject", "Writer"]

Handle = Callable[[Bytes], None]
SLOTS = 5  # frames in the memory of every transport that lets us choose: four that are kept, one that is filled


@dataclass(frozen=True)
class Channel:
    """Where writer and readers meet.

    Attributes:
        name: unique on this machine, usable as a file name.
        folder: for sockets and the like; removed after the measurement.
        size_bytes: of a frame.
        message: package and class of the fixed-size message that holds it.
        readers: number of reading processes.
        domain: ROS domain of this run.
        is_flood: frames come as fast as the writer can, so a reader wants the newest.
        variant: of the subject.
    """

    name: str
    folder: str
    size_bytes: int
    message: str
    readers: int
    domain: int
    is_flood: bool
    variant: str


class Writer(Protocol):
    """The side of the camera."""

    def loan(self) -> Bytes:
        """Return a frame of shared memory to fill in place; `publish` follows. Only if the subject is in_place."""

    def publish(self) -> None:
        """Send the frame that was filled in place."""

    def send(self, frame: Bytes) -> None:
        """Copy a frame in and send it; the array may be used again at once."""

    def close(self) -> None:
        """Release everything."""


class CopyingWriter:
    """The part of a writer whose transport has no memory to write in place."""

    def loan(self) -> Bytes:
        """Raise: a frame has to be copied in."""
        raise NotImplementedError("this transport cannot be written in place")

    def publish(self) -> None:
        """Raise: a frame has to be copied in."""
        raise NotImplementedError("this transport cannot be written in place")


class Reader(Protocol):
    """The side of the consumer."""

    def receive(self, timeout: float, handle: Handle) -> bool:
        """Wait at most `timeout` s for frames, hand each to `handle` as a readable array, and tell if there was one."""

    def close(self) -> None:
        """Release everything."""


@dataclass(frozen=True)
class Subject:
    """A transport, and one way to use it.

    Attributes:
        title: for people.
        module: of this package, with make_writer(channel) and make_reader(channel, index).
        distribution: whose version is reported.
        imports: modules without which it cannot be measured.
        variant: tells the module which way is meant.
        is_in_place: a frame can be written straight into its memory.
        is_transport: False for a yardstick without readers.
        profile: Fast DDS profile: "shared" is the one of rclpy_loans, a file name one beside this package.
        note: what a reader of the results has to know.
        has_message: it uses the channel's fixed-size message.
    """

    title: str
    module: str
    distribution: str
    imports: tuple[str, ...] = ()
    variant: str = ""
    is_in_place: bool = False
    is_transport: bool = True
    profile: str = ""
    note: str = ""
    has_message: bool = False

    def missing(self, message: str) -> str | None:
        """Return why it cannot be measured with a message; None if it can."""
        wanted = [*self.imports, message.partition("/")[0]] if self.has_message else list(self.imports)
        missing = [name for name in wanted if importlib.util.find_spec(name) is None]
        return f"{', '.join(missing)} not installed: `make bench` installs it" if missing else None

    def make_writer(self, channel: Channel) -> Writer:
        """Return the writing side."""
        writer: Writer = importlib.import_module(f"transport.subjects.{self.module}").make_writer(channel)
        return writer

    def make_reader(self, channel: Channel, index: int) -> Reader:
        """Return the reading side, the `index`-th of several."""
        reader: Reader = importlib.import_module(f"transport.subjects.{self.module}").make_reader(channel, index)
        return reader

    def environment(self) -> dict[str, str]:
        """Return the environment variables of its processes."""
        if not self.profile:
            return {}
        from rclpy_loans.profile import profile_path, profile_variable

        if self.profile == "shared":
            path = profile_path()
        else:
            path = Path(__file__).resolve().parent.parent / self.profile
        return {profile_variable(): str(path), "RMW_FASTRTPS_USE_QOS_FROM_XML": "1"}


OURS = "loans"
_LOANS = Subject(
    "rclpy_loans, best effort, take()",
    "loans",
    "airo-ros2",
    ("rclpy", "rclpy_loans"),
    variant="best_effort",
    is_in_place=True,
    profile="shared",
    has_message=True,
)
_IMAGE = Subject(
    "sensor_msgs/Image, default",
    "sensor_image",
    "ros-jazzy-rclpy",
    ("rclpy", "sensor_msgs"),
    note="stock rclpy, reliable, no profile; its default segment of 512 KiB holds no whole frame",
)

SUBJECTS: dict[str, Subject] = {
    OURS: _LOANS,
    "loans_reliable": replace(_LOANS, title="rclpy_loans, reliable, take()", variant="reliable"),
    "loans_executor": replace(_LOANS, title="rclpy_loans, best effort, executor", variant="executor"),
    "loans_direct": replace(_LOANS, title="rclpy_loans, best effort, direct", variant="direct"),
    "iceoryx2": Subject(
        "iceoryx2 (Python)",
        "iceoryx",
        "iceoryx2",
        ("iceoryx2",),
        is_in_place=True,
        note="publish-subscribe, and its event service to wake the readers",
    ),
    "shared_memory": Subject(
        "shared_memory + semaphore",
        "floor",
        "python",
        is_in_place=True,
        note="the floor: a ring of five frames without any safety",
    ),
    "airo_ipc": Subject(
        "airo-ipc",
        "airo_ipc_buffers",
        "airo-ipc",
        ("airo_ipc", "cyclonedds"),
        note="it has no way to wait, so its readers poll every 0.5 ms",
    ),
    "zeromq": Subject("ZeroMQ ipc (pyzmq)", "zeromq", "pyzmq", ("zmq",), note="PUB and SUB over ipc://"),
    "plain_message": Subject(
        "fixed-size message, plain rclpy",
        "plain_message",
        "ros-jazzy-rclpy",
        ("rclpy",),
        profile="shared",
        has_message=True,
        note="the same message and profile as rclpy_loans, through create_publisher and create_subscription",
    ),
    "sensor_image_tuned": replace(
        _IMAGE,
        title="sensor_msgs/Image, 64 MB SHM",
        profile="tuned_shm.xml",
        note="stock rclpy, reliable, with a transport segment that holds whole frames",
    ),
    "sensor_image": _IMAGE,
    "memcpy": Subject(
        "memcpy",
        "memcpy",
        "numpy",
        is_transport=False,
        note="the yardstick: one copy of the frame inside the writer, without a reader",
    ),
}
