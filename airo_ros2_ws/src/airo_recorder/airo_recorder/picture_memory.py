"""The last encoded pictures of a camera, for a snapshot."""

from __future__ import annotations

from collections import deque

from airo_recorder.frame_encoder import EncodedFrame
from airo_recorder.frame_head import FrameHead

__all__ = ["PictureMemory"]

Kept = tuple[EncodedFrame, FrameHead | None]  # without a head: a repeated picture


class PictureMemory:
    """Keeps pictures as groups that each begin with a key picture, so that what is kept can be decoded.

    Args:
        secs: that are kept at least; 0 keeps nothing.
        max_bytes: that are kept at most.
    """

    def __init__(self, secs: float, max_bytes: int) -> None:
        self._micros = round(secs * 1e6)
        self._max_bytes = max_bytes
        self._groups: deque[list[Kept]] = deque()
        self._bytes = 0

    def add(self, picture: EncodedFrame, head: FrameHead | None) -> None:
        """Keep a picture, and let go of groups that are not needed any more."""
        if not self._micros:
            return
        if picture.is_key or not self._groups:
            self._groups.append([])
        self._groups[-1].append((picture, head))
        self._bytes += picture.nbytes
        while len(self._groups) > 1 and (
            picture.pts_micros - self._groups[1][0][0].pts_micros >= self._micros or self._bytes > self._max_bytes
        ):
            self._bytes -= sum(kept.nbytes for kept, _ in self._groups.popleft())

    @property
    def has_any(self) -> bool:
        """Whether anything is kept."""
        return bool(self._groups)

    def pictures(self) -> list[Kept]:
        """Return all of them, oldest first."""
        return [kept for group in self._groups for kept in group]

    def clear(self) -> None:
        """Let go of all of them."""
        self._groups.clear()
        self._bytes = 0
