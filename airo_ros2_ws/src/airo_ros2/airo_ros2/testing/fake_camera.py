"""A camera in this process whose frames and faults a test decides."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rclpy.context import Context
from rclpy.node import Node

from airo_frames.intrinsics import Intrinsics
from airo_frames.publisher import FramePublisher
from airo_ros2.names import camera_topic, checked_name
from airo_ros2.session import close_at_exit, domain_id
from rclpy_loans import apply_profile, loan_qos

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["FakeCamera"]

POLL_SECS = 0.005


class FakeCamera:
    """A camera for tests; real messages in real shared memory. A context manager.

    It runs by itself at `fps`, or, with fps=None, publishes one frame for each reader that connects and otherwise only
    what publish() says. All methods may be called from any thread.

    Args:
        name: of the camera.
        size_wh: (width, height), px, of the images that it makes up: all pixels are the frame's number modulo 256.
        fps: images per second.
        images: published in turn, over and over, instead; (height, width, 3) uint8 RGB.
        intrinsics: of every frame; by default a focal length of one image width. None for a camera without.
        depth: frames kept in shared memory for readers.
    """

    def __init__(
        self,
        name: str = "camera",
        *,
        size_wh: tuple[int, int] = (64, 48),
        fps: float | None = 30.0,
        images: Sequence[NDArray[np.uint8]] = (),
        intrinsics: Intrinsics | None | str = "default",
        depth: int = 4,
    ) -> None:
        apply_profile()
        self.name = checked_name(name)
        self._size_wh = size_wh
        self._fps = fps
        self._images = images
        width, height = size_wh
        default = Intrinsics.pinhole(width, width, (width - 1) / 2, (height - 1) / 2)
        self._intrinsics = default if isinstance(intrinsics, str) else intrinsics
        self._depth = depth
        self._sequence = 0
        self._readers_served = 0
        self._lock = threading.RLock()
        self._is_running = threading.Event()
        self._is_running.set()
        self._is_closed = threading.Event()
        self._context = Context()
        self._context.init([], domain_id=domain_id())
        self._node = Node("fake_camera", context=self._context, enable_rosout=False, start_parameter_services=False)
        self._publisher: FramePublisher | None = self._new_publisher()
        close_at_exit(self)
        self._thread = threading.Thread(target=self._run, name=f"fake camera {name}", daemon=True)
        self._thread.start()

    @property
    def sequence(self) -> int:
        """Number of the last frame."""
        return self._sequence

    @property
    def reader_count(self) -> int:
        """Readers that are connected."""
        with self._lock:
            return 0 if self._publisher is None else self._publisher.subscription_count

    def publish(
        self, image: NDArray[np.uint8] | None = None, *, stamp_nanos: int | None = None, sequence: int | None = None
    ) -> NDArray[np.uint8]:
        """Publish a frame, and return its image.

        Args:
            image: (height, width, 3) uint8 RGB; by default the next of the camera's.
            stamp_nanos: acquisition time, ns since the epoch; by default now.
            sequence: number of the frame; by default the last one plus 1.
        """
        with self._lock:
            self._sequence = self._sequence + 1 if sequence is None else sequence
            pixels = self._next_image() if image is None else image
            publisher = self._publisher = self._publisher or self._new_publisher()
            with publisher.borrow(
                stamp_nanos=time.time_ns() if stamp_nanos is None else stamp_nanos,
                size_wh=(pixels.shape[1], pixels.shape[0]),
                encoding="rgb8",
                intrinsics=self._intrinsics,
                sequence=self._sequence,
            ) as out:
                out[...] = pixels
            return pixels

    def skip(self, count: int) -> None:
        """Lose so many frames: their numbers are never published."""
        with self._lock:
            self._sequence += count

    def overwrite(self) -> None:
        """Publish so many frames at once that every view of an earlier one is overwritten."""
        for _ in range(self._depth + 1):
            self.publish()

    def hang(self) -> None:
        """Stop publishing, but stay connected, until resume()."""
        self._is_running.clear()

    def resume(self) -> None:
        """Go on after hang() or disappear()."""
        self._is_running.set()

    def disappear(self) -> None:
        """End as a camera that is shut down, until resume(); then frames are counted from 1 again."""
        self._is_running.clear()
        with self._lock:
            if self._publisher is not None:
                self._publisher.close()
            self._publisher = None
            self._sequence = self._readers_served = 0

    def close(self) -> None:
        """End the camera. Calling it again does nothing."""
        if self._is_closed.is_set():
            return
        self._is_closed.set()
        self._is_running.set()
        self._thread.join()
        self.disappear()
        self._node.destroy_node()
        self._context.try_shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self) -> None:
        while not self._is_closed.is_set():
            self._is_running.wait()
            if self._is_closed.wait(POLL_SECS if self._fps is None else 1 / self._fps):
                return
            with self._lock:
                if not self._is_running.is_set():
                    continue
                if self._publisher is None:
                    self._publisher = self._new_publisher()
                if self._fps is not None:
                    self.publish()
                elif self.reader_count != self._readers_served:
                    is_new = self.reader_count > self._readers_served
                    self._readers_served = self.reader_count
                    if is_new:
                        self.publish()

    def _new_publisher(self) -> FramePublisher:
        topic = camera_topic(self.name, "frame")
        return FramePublisher(
            self._node,
            topic,
            size_wh=self._size_wh,
            encoding="rgb8",
            frame_id=f"{self.name.replace('/', '_')}_optical_frame",
            qos=loan_qos(self._depth),
        )

    def _next_image(self) -> NDArray[Any]:
        if self._images:
            return self._images[(self._sequence - 1) % len(self._images)]
        width, height = self._size_wh
        return np.full((height, width, 3), self._sequence % 256, np.uint8)
