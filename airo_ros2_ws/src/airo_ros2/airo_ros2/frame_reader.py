"""Waiting for the frames of one camera by its name, and counting what was missed."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from rclpy.executors import ExternalShutdownException

from airo_frames.exceptions import FrameOverwrittenError, FrameTimeoutError
from airo_frames.formats import FRAME_FAMILIES
from airo_frames.frame import Frame
from airo_frames.remote_stream import RemoteFrames
from airo_frames.rgbd_frame import RgbdFrame, StereoRgbdFrame
from airo_frames.stamps import NANOS_PER_SEC
from airo_frames.stream_subscription import RemoteSource, StreamSubscription
from airo_ros2.diagnosis import LastFrame, why_no_frame
from airo_ros2.exceptions import ClosedError, WrongCameraError
from airo_ros2.names import camera_topic, checked_name
from airo_ros2.session import check_process, close_at_exit, node_or_own
from rclpy_loans.exceptions import SubscriptionError

if TYPE_CHECKING:
    from rclpy.node import Node

    from rclpy_loans.sample import Sample

__all__ = ["FrameReader", "rate_between"]

FRAMES_FOR_RATE = 12
WHOLE_RATE_TOLERANCE = 0.01
FrameT = TypeVar("FrameT", bound=Frame)
_FIELD_OF_CLASS = {RgbdFrame: "depth", StereoRgbdFrame: "right_data"}  # what a message must have to be shown as it


class FrameReader(Generic[FrameT]):
    """Takes frames of one camera. Use it from one thread at a time; `close()` may come from any.

    Args:
        name: of the camera.
        frame_class: what is wanted of each frame; what the camera publishes beyond it is not looked at.
        node: of the user; None for the facade's own.
    """

    def __init__(self, name: str, frame_class: type[FrameT], *, node: Node | None) -> None:
        self.name = checked_name(name)
        self.drops = 0  # frames that were published between two that were taken
        self._node = node_or_own(node)
        self._process_id = os.getpid()
        self._frame_class = frame_class
        self._subscription = StreamSubscription[FrameT](
            self._node,
            camera_topic(self.name, "frame"),
            None,
            qos=None,
            newest=True,
            families=FRAME_FAMILIES,
            noun="frame",
            read=partial(_read, frame_class, self.name),
            make_remote=partial(_remote, frame_class, self.name),
        )
        self._pending: FrameT | None = None  # looked at by peek(), and not handed out yet
        self._last_sequence = 0
        self._last_time = 0.0  # s of the monotonic clock, when a frame was taken last
        self._is_closed = False
        close_at_exit(self)
        # Whoever forgets to close a camera still leaves nothing behind.
        weakref.finalize(self, _close_subscription, self._subscription, self._process_id)

    def peek(self, timeout: float) -> FrameT:
        """Wait for a frame, and hand the same one out again at the next take, if nothing newer is wanted then.

        Raises:
            See take().
        """
        if self._pending is None:
            self._pending = self._wait(timeout, newest=True)
        return self._pending

    def take(self, timeout: float, *, newest: bool, acquired_after_nanos: int = 0) -> FrameT:
        """Wait for a frame and return it.

        Memory: see Frame; a view of the shared slot, valid until the camera reuses it.

        Args:
            timeout: s, at most.
            newest: the newest frame that was not handed out yet, and not the next one in turn.
            acquired_after_nanos: ns since the epoch; frames acquired earlier are passed over.

        Raises:
            FrameTimeoutError: none came in time; says why, and what to do.
            ClosedError: the reader was closed, or rclpy shut down.
            WrongCameraError: the camera does not publish what is wanted.
            ForkedError: this is a forked child.
        """
        check_process(self._process_id, f"camera {self.name!r}")
        deadline = time.monotonic() + timeout
        while True:
            frame = self._take(max(0.0, deadline - time.monotonic()), timeout, newest=newest)
            if frame.stamp_nanos >= acquired_after_nanos:
                self._count(frame)
                return frame

    def take_copy(self, timeout: float, *, newest: bool, acquired_after_nanos: int = 0) -> FrameT:
        """Wait for a frame and return a whole copy; if it is overwritten meanwhile, of one after it.

        Raises:
            See take().
        """
        deadline = time.monotonic() + timeout
        while True:
            frame = self.take(
                max(0.0, deadline - time.monotonic()), newest=newest, acquired_after_nanos=acquired_after_nanos
            )
            try:
                return frame.copy()
            except FrameOverwrittenError:
                self.drops += 1

    def poll(self, *, newest: bool) -> FrameT | None:
        """Return a copy of a frame that waits already; None if none does.

        Raises:
            ClosedError, ForkedError: see take().
        """
        check_process(self._process_id, f"camera {self.name!r}")
        if self._is_closed:
            raise self._closed_error()
        try:
            frame, self._pending = self._pending, None
            if frame is None or newest:
                frame = self._receive(0.0, newest=newest)
            self._count(frame)
            return frame.copy()
        except (FrameTimeoutError, FrameOverwrittenError):
            return None

    def measure_rate(self, timeout: float) -> float:
        """Return how many frames per second the camera takes, by the stamps of the next few; see rate_between().

        Raises:
            FrameTimeoutError: too few frames came.
        """
        measuring = FrameReader(self.name, Frame, node=self._node)  # its own: no frame is taken away from this one
        try:
            deadline = time.monotonic() + timeout
            first = last = measuring.take(timeout, newest=False)
            while last.sequence - first.sequence < FRAMES_FOR_RATE:
                last = measuring.take(max(0.0, deadline - time.monotonic()), newest=False)
                if last.sequence < first.sequence or last.stamp_nanos < first.stamp_nanos:
                    first = last  # the camera was started anew
        except FrameTimeoutError:
            raise FrameTimeoutError(
                f"camera {self.name!r} gave no {FRAMES_FOR_RATE + 1} frames within {timeout:g} s: "
                "too few to measure its rate"
            ) from None
        finally:
            measuring.close()
        if last.stamp_nanos == first.stamp_nanos:
            raise FrameTimeoutError(f"camera {self.name!r} gives all frames the same time: it has no rate")
        return rate_between(first, last)

    def close(self) -> None:
        """Stop receiving, and end a wait in another thread. Calling it again does nothing."""
        self._is_closed = True
        _close_subscription(self._subscription, self._process_id)

    def _take(self, remaining: float, timeout: float, *, newest: bool) -> FrameT:
        pending, self._pending = self._pending, None
        if pending is None or not pending.is_valid():
            return self._wait(remaining, timeout, newest=newest)
        if not newest:
            return pending
        try:
            return self._receive(0.0, newest=True)
        except FrameTimeoutError:
            return pending

    def _wait(self, remaining: float, timeout: float | None = None, *, newest: bool) -> FrameT:
        try:
            return self._receive(remaining, newest=newest)
        except FrameTimeoutError:
            raise self._timeout_error(remaining if timeout is None else timeout) from None

    def _receive(self, timeout: float, *, newest: bool) -> FrameT:
        try:
            return self._subscription.take(timeout, newest=newest)
        except SubscriptionError:
            raise self._closed_error() from None
        except ExternalShutdownException:
            raise ClosedError(f"rclpy was shut down while camera {self.name!r} waited for a frame") from None

    def _count(self, frame: FrameT) -> None:
        if self._last_sequence and frame.sequence > self._last_sequence:
            self.drops += frame.sequence - self._last_sequence - 1
        self._last_sequence = frame.sequence
        self._last_time = time.monotonic()

    def _closed_error(self) -> ClosedError:
        return ClosedError(f"camera {self.name!r} is closed: open it again with Camera({self.name!r})")

    def _timeout_error(self, timeout: float) -> FrameTimeoutError:
        last = None
        if self._last_time:
            last = LastFrame(self._last_sequence, time.monotonic() - self._last_time)
        return why_no_frame(self._node, self.name, timeout, last=last)


def rate_between(first: Frame, last: Frame) -> float:
    """Return the frames per second between two frames; a rate within 1 % of a whole number is that number."""
    rate = (last.sequence - first.sequence) * NANOS_PER_SEC / (last.stamp_nanos - first.stamp_nanos)
    return float(round(rate)) if abs(rate - round(rate)) <= WHOLE_RATE_TOLERANCE * rate else rate


def _read(frame_class: type[FrameT], name: str, sample: Sample) -> FrameT:
    fields = sample.data.dtype.names or ()
    needed = _FIELD_OF_CLASS.get(frame_class)
    if needed is not None and needed not in fields:
        right_class = "RGBDCamera" if "depth" in fields else "Camera"
        lacks = "no second view" if "depth" in fields else "no depth"
        raise WrongCameraError(f"camera {name!r} has {lacks}: use {right_class}({name!r})")
    return frame_class.from_sample(sample)


def _remote(
    frame_class: type[FrameT], name: str, node: Node, topic: str, callback: Callable[[FrameT], None] | None
) -> RemoteSource[FrameT]:
    if frame_class in _FIELD_OF_CLASS:
        raise WrongCameraError(
            f"camera {name!r} is on another host, from where images come without depth: use Camera({name!r}), or run "
            "this program there"
        )
    return cast("RemoteSource[FrameT]", RemoteFrames(node, topic, cast("Callable[[Frame], None] | None", callback)))


def _close_subscription(subscription: StreamSubscription[FrameT], process_id: int) -> None:
    if os.getpid() == process_id:  # in a forked child its threads do not exist
        subscription.close()
