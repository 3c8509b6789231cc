"""Frames and tags of one camera, while somebody watches it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from airo_view.web.feed import CameraFeed
from airo_view.web.picture import Picture
from airo_view.web.plane import Plane
from airo_view.web.tag_feed import TagFeed

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["CameraStream"]


class CameraStream:
    """The threads that read one camera.

    Args:
        node: subscribes.
        camera: what pages call it.
        quality: of the JPEG, 1 to 100.
        deliver: called with each picture.
        deliver_tags: called with the camera's name and each result of tag_pose.
        failed: called with an error that ended one of them.
    """

    def __init__(
        self,
        node: Node,
        camera: str,
        *,
        quality: int,
        deliver: Callable[[Picture], None],
        deliver_tags: Callable[[str, str], None],
        failed: Callable[[Exception], None],
    ) -> None:
        plane = Plane.named(camera)
        frames = CameraFeed(node, plane, quality=quality, deliver=deliver, failed=failed)
        self._frames = frames
        self._threads: list[CameraFeed | TagFeed] = [frames]
        if plane.shows_tags:
            self._threads.append(
                TagFeed(node, plane, intrinsics=lambda: frames.intrinsics, deliver=deliver_tags, failed=failed)
            )

    def want(self, widths: frozenset[int]) -> None:
        """Say what the next picture is for; no frame is read while this is empty."""
        self._frames.want(widths)

    def close(self) -> None:
        """Stop reading, without waiting for it."""
        for thread in self._threads:
            thread.close()

    @property
    def is_running(self) -> bool:
        """Whether it still reads, or has not ended yet."""
        return any(thread.is_running for thread in self._threads)

    def join(self, timeout: float) -> None:
        """Wait for the end after close().

        Args:
            timeout: s, at most, for each thread.
        """
        for thread in self._threads:
            thread.join(timeout)
