"""Camera frames as numpy arrays in fixed-size messages."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from airo_frames.encodings import ENCODINGS, Encoding, encoding_named
from airo_frames.exceptions import (
    ArrayContractError,
    EncodingError,
    FrameOverwrittenError,
    FramesError,
    FrameTimeoutError,
    FrameTooLargeError,
)
from airo_frames.frame import Frame
from airo_frames.intrinsics import Intrinsics

if TYPE_CHECKING:
    from airo_frames.formats import FrameFormat, all_formats, smallest_format
    from airo_frames.publisher import FramePublisher
    from airo_frames.subscription import FrameSubscription

__all__ = [
    "ENCODINGS",
    "ArrayContractError",
    "Encoding",
    "EncodingError",
    "Frame",
    "FrameFormat",
    "FrameOverwrittenError",
    "FramePublisher",
    "FrameSubscription",
    "FrameTimeoutError",
    "FrameTooLargeError",
    "FramesError",
    "Intrinsics",
    "all_formats",
    "encoding_named",
    "smallest_format",
]

# Imported on first use: pure code needs frames and intrinsics without loading rclpy.
_MODULES = {
    "FrameFormat": "formats",
    "FramePublisher": "publisher",
    "FrameSubscription": "subscription",
    "all_formats": "formats",
    "smallest_format": "formats",
}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(import_module(f"airo_frames.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'airo_frames' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
