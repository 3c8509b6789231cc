"""The last messages of a camera, for a snapshot."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from airo_recorder.frame_head import FrameHead
from airo_recorder.ros_messages import RosMessage

__all__ = ["MessageMemory"]

Kept = tuple[FrameHead, tuple[RosMessage, ...]]  # a frame or cloud, and all its messages


class MessageMemory:
    """Keeps frames, or clouds, as messages.

    Args:
        secs: that are kept; 0 keeps nothing.
        max_bytes: that are kept at most.
    """

    def __init__(self, secs: float, max_bytes: int) -> None:
        self._nanos = round(secs * 1e9)
        self._max_bytes = max_bytes
        self._kept: deque[Kept] = deque()
        self._bytes = 0

    def add(self, head: FrameHead, messages: Sequence[RosMessage]) -> None:
        """Keep a frame, and let go of those that are not needed any more."""
        if not self._nanos:
            return
        self._kept.append((head, tuple(messages)))
        self._bytes += _size(messages)
        while head.monotonic_nanos - self._kept[0][0].monotonic_nanos > self._nanos or (
            self._bytes > self._max_bytes and len(self._kept) > 1
        ):
            self._bytes -= _size(self._kept.popleft()[1])

    @property
    def has_any(self) -> bool:
        """Whether anything is kept."""
        return bool(self._kept)

    def messages(self) -> list[Kept]:
        """Return all of them, oldest first."""
        return list(self._kept)


def _size(messages: Sequence[RosMessage]) -> int:
    return sum(len(message.data) for message in messages)
