"""What is known of a frame beside its pixels."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from airo_frames.rgbd_frame import RgbdFrame, StereoRgbdFrame
from airo_recorder.settings import STREAMS

if TYPE_CHECKING:
    from airo_frames.frame import Frame

__all__ = ["FrameHead", "RightLens", "head_of"]


@dataclass(frozen=True, eq=False)
class RightLens:
    """What is known of a right view beside its pixels, which have the left one's size and encoding.

    Attributes:
        left_from_right: (4, 4) float64, m, pose of the right view in the left view.
        intrinsics: of the right view, None when the camera is not calibrated.
    """

    left_from_right: NDArray[np.float64]
    intrinsics: Intrinsics | None = None


@dataclass(frozen=True, eq=False)
class FrameHead:
    """A frame without its pixels.

    Attributes:
        sequence: number that the camera gave it.
        stamp_nanos: acquisition time, ns since the epoch.
        received_nanos: when the recorder got it, ns since the epoch.
        monotonic_nanos: the same moment by a clock that never steps, ns.
        size_wh: (width, height), px.
        encoding: one of airo_frames.encodings.ENCODINGS.
        frame_id: optical frame of the camera.
        intrinsics: of this image, None when the camera is not calibrated.
        streams: what is recorded of it: image, and of depth, confidence and right what it has.
        right: of a stereo camera; None without, or when its right view is not recorded.
    """

    sequence: int
    stamp_nanos: int
    received_nanos: int
    monotonic_nanos: int
    size_wh: tuple[int, int]
    encoding: str
    frame_id: str = ""
    intrinsics: Intrinsics | None = None
    streams: tuple[str, ...] = ("image",)
    right: RightLens | None = None


def head_of(frame: Frame, *, streams: tuple[str, ...] = STREAMS) -> FrameHead:
    """Return a frame without its pixels, received now.

    Args:
        frame: of any family.
        streams: that are wanted.
    """
    right = None
    if isinstance(frame, StereoRgbdFrame) and "right" in streams:
        right = RightLens(frame.left_from_right, frame.right.intrinsics)
    has = {
        "image": True,
        "depth": isinstance(frame, RgbdFrame),
        "confidence": isinstance(frame, RgbdFrame) and frame.confidence is not None,
        "right": right is not None,
    }
    return FrameHead(
        sequence=frame.sequence,
        stamp_nanos=frame.stamp_nanos,
        received_nanos=time.time_ns(),
        monotonic_nanos=time.monotonic_ns(),
        size_wh=frame.size_wh,
        encoding=frame.encoding,
        frame_id=frame.frame_id,
        intrinsics=frame.intrinsics,
        streams=tuple(name for name, is_there in has.items() if is_there and name in streams),
        right=right,
    )
