"""A frame's pixels, depths and second view in memory of our own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from airo_frames.rgbd_frame import RgbdFrame, StereoRgbdFrame

if TYPE_CHECKING:
    from airo_frames.frame import Frame

__all__ = ["OwnFrame", "own_frame"]


@dataclass(frozen=True, eq=False)
class OwnFrame:
    """What waits to be encoded.

    Attributes:
        image: pixels, as the sink that writes them wants them.
        depth: (height, width) float32, m along the optical axis, NaN where it is not known; None without.
        confidence: (height, width) float32, from 0 to 1; None without.
        right: pixels of the right view, as those of the image; None without.
    """

    image: NDArray[Any]
    depth: NDArray[np.float32] | None = None
    confidence: NDArray[np.float32] | None = None
    right: NDArray[Any] | None = None

    def planes(self) -> dict[str, NDArray[Any]]:
        """Return what there is by the name of its stream."""
        named = {"image": self.image, "depth": self.depth, "confidence": self.confidence, "right": self.right}
        return {name: plane for name, plane in named.items() if plane is not None}

    @property
    def nbytes(self) -> int:
        """Bytes of all planes."""
        return sum(plane.nbytes for plane in self.planes().values())


def own_frame(frame: Frame, own: Callable[[NDArray[Any], str], NDArray[Any]], *, streams: tuple[str, ...]) -> OwnFrame:
    """Return a frame in memory of our own. Each of its planes is read once.

    Args:
        frame: maybe in shared memory.
        own: makes an image our own, given its encoding.
        streams: that are wanted; others are not read.
    """
    depth = confidence = right = None
    if isinstance(frame, RgbdFrame) and "depth" in streams:
        depth = frame.depth.copy()
    if isinstance(frame, RgbdFrame) and frame.confidence is not None and "confidence" in streams:
        confidence = frame.confidence.copy()
    if isinstance(frame, StereoRgbdFrame) and "right" in streams:
        right = own(frame.right.image, frame.right.encoding)
    return OwnFrame(own(frame.image, frame.encoding), depth, confidence, right)
