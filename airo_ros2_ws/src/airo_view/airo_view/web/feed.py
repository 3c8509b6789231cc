"""The thread that turns the newest frame of one camera into pictures, as long as somebody is ready for them."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rclpy.executors import ExternalShutdownException

from airo_frames import EncodingError, Frame, FrameSubscription, FrameTimeoutError, Intrinsics
from airo_view.web.picture import Picture, encode_picture, reduction_for
from airo_view.web.plane import Plane
from airo_view.web.wire import frame_message

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["CameraFeed"]

_logger = logging.getLogger(__name__)
_WAIT_SECS = 0.2  # how soon the thread notices that it should end
_PATIENCE_SECS = 1.0  # between two looks whether somebody is ready; being told is sooner
_RATE_WINDOW_SECS = 2.0


class CameraFeed:
    """Reads the frames of one camera where they lie, and encodes each size that is wanted once for all pages.

    Args:
        node: subscribes.
        plane: what is shown of the camera.
        quality: of the JPEG, 1 to 100.
        deliver: called in the thread with each picture.
        failed: called in the thread with an error that ended it.
    """

    def __init__(
        self,
        node: Node,
        plane: Plane,
        *,
        quality: int,
        deliver: Callable[[Picture], None],
        failed: Callable[[Exception], None],
    ) -> None:
        self.overwritten = 0  # frames that the camera reused while they were encoded; they were not shown
        self.intrinsics: Intrinsics | None = None  # of the newest frame; written by the thread
        self._node = node
        self._plane = plane
        self._quality = quality
        self._deliver = deliver
        self._failed = failed
        self._wanted: frozenset[int] = frozenset()  # widths, px, of the pages that are ready; guarded by _change
        self._is_closed = False  # guarded by _change
        self._change = threading.Condition()
        self._rate = _Rate()
        self._last_sequence = 0
        self._last_complaint = ""
        self._thread = threading.Thread(target=self._run, name=f"feed of {plane.name}", daemon=True)
        self._thread.start()

    def want(self, widths: frozenset[int]) -> None:
        """Say what the next picture is for; nothing is read while this is empty.

        Args:
            widths: on the screens of those who are ready for a picture, px.
        """
        with self._change:
            self._wanted = widths
            self._change.notify()

    def close(self) -> None:
        """End the thread, without waiting for it."""
        with self._change:
            self._is_closed = True
            self._change.notify()

    @property
    def is_running(self) -> bool:
        """Whether the thread has not ended yet."""
        return self._thread.is_alive()

    def join(self, timeout: float) -> None:
        """Wait for the thread to end after close().

        Args:
            timeout: s, at most.
        """
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            frames = FrameSubscription(self._node, f"/{self._plane.camera}/frame")
            try:
                self._serve(frames)
            finally:
                frames.close()
        except ExternalShutdownException:
            pass
        except Exception as error:  # must end the node with its reason, not a silent thread
            self._failed(error)

    def _serve(self, frames: FrameSubscription) -> None:
        while True:
            with self._change:
                while not self._wanted and not self._is_closed:
                    self._change.wait(_PATIENCE_SECS)
                if self._is_closed:
                    return
            try:
                frame = frames.take(_WAIT_SECS)
                picture = self._encode(frame)
            except FrameTimeoutError:
                continue
            except EncodingError as error:
                self._complain(str(error))
                continue
            if picture is not None:
                self._deliver(picture)

    def _encode(self, frame: Frame) -> Picture | None:
        """Return the pictures of a frame that are wanted now; None if it is a repetition or was overwritten."""
        if frame.sequence == self._last_sequence:
            return None
        start = time.perf_counter()
        image, encoding = self._plane.of(frame)
        width, height = frame.size_wh
        with self._change:
            reductions = {reduction_for(width, wanted) for wanted in self._wanted}
        jpegs = {
            reduction: encode_picture(image, encoding, reduction, quality=self._quality) for reduction in reductions
        }
        if not frame.is_valid():
            self.overwritten += 1
            return None
        self._last_sequence = frame.sequence
        self.intrinsics = frame.intrinsics
        self._rate.add(frame.sequence, frame.stamp_nanos / 1e9)
        head = {
            "camera": self._plane.name,
            "sequence": frame.sequence,
            "stamp_ms": frame.stamp_nanos / 1e6,
            "width": width,
            "height": height,
            "encoding": encoding,
            "zero_copy": frame.is_zero_copy,
            "rate": self._rate.value,
            "encode_ms": (time.perf_counter() - start) * 1e3,
            "overwritten": self.overwritten,
            "intrinsics": _pinhole(frame.intrinsics),
        }
        messages = {reduction: frame_message(head, jpeg) for reduction, jpeg in jpegs.items()}
        return Picture(self._plane.name, width, frame.is_zero_copy, messages)

    def _complain(self, text: str) -> None:
        """Say why there is no picture, once as long as it is the same."""
        if text != self._last_complaint:
            self._last_complaint = text
            _logger.warning("%s: %s", self._plane.name, text)


class _Rate:
    """The rate of a camera, from the numbers and times of the frames that were looked at, whether all or a few."""

    def __init__(self) -> None:
        self._seen: deque[tuple[int, float]] = deque()

    def add(self, sequence: int, time_secs: float) -> None:
        if self._seen and (sequence <= self._seen[-1][0] or time_secs <= self._seen[-1][1]):
            self._seen.clear()  # the camera has started anew
        self._seen.append((sequence, time_secs))
        while time_secs - self._seen[0][1] > _RATE_WINDOW_SECS and len(self._seen) > 2:
            self._seen.popleft()

    @property
    def value(self) -> float | None:
        """Hz; None before the second frame."""
        (first, start), (last, end) = self._seen[0], self._seen[-1]
        return (last - first) / (end - start) if end > start else None


def _pinhole(intrinsics: Intrinsics | None) -> dict[str, Any] | None:
    """Return what a page needs to draw the camera."""
    if intrinsics is None:
        return None
    matrix = intrinsics.camera_matrix
    return {"fx": matrix[0, 0], "fy": matrix[1, 1], "cx": matrix[0, 2], "cy": matrix[1, 2]}
