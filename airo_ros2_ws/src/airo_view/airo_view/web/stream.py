"""Frames and tags of one camera, while somebody watches it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from airo_view.web.feed import CameraFeed
from airo_view.web.picture import Picture
from airo_view.web.tag_feed import TagFeed

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["CameraStream"]


class CameraStream:
    """The threads that read one camera.

    Args:
        node: subscribes.
        camera: its name.
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
        frames = CameraFeed(node, camera, quality=quality, deliver=deliver, failed=failed)
        tags = TagFeed(node, camera, intrinsics=lambda: frames.intrinsics, deliver=deliver_tags, failed=failed)
        self._frames, self._tags = frames, tags

    def want(self, widths: frozenset[int]) -> None:
        """Say what the next picture is for; no frame is read while this is empty."""
        self._frames.want(widths)

    def close(self) -> None:
        """Stop reading, without waiting for it."""
        self._frames.close()
        self._tags.close()

    @property
    def is_running(self) -> bool:
        """Whether it still reads, or has not ended yet."""
        return self._frames.is_running or self._tags.is_running

    def join(self, timeout: float) -> None:
        """Wait for the end after close().

        Args:
            timeout: s, at most, for each thread.
        """
        self._frames.join(timeout)
        self._tags.join(timeout)
