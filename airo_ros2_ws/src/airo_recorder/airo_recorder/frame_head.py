"""What is known of a frame beside its pixels."""

from __future__ import annotations

from dataclasses import dataclass

from airo_frames.intrinsics import Intrinsics

__all__ = ["FrameHead"]


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
    """

    sequence: int
    stamp_nanos: int
    received_nanos: int
    monotonic_nanos: int
    size_wh: tuple[int, int]
    encoding: str
    frame_id: str = ""
    intrinsics: Intrinsics | None = None
