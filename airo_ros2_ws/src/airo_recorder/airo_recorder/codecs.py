"""The video codecs, and how each wants its pixels."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from airo_recorder.exceptions import FrameNotRecordableError, RecordingSettingsError

__all__ = ["CODECS", "Codec", "Pixels", "PixelPath"]

# Alike in x264 and x265, whose documentation has them.
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
Pixels = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True)
class PixelPath:
    """How the pixels of a frame get from shared memory into an encoder.

    Attributes:
        pix_fmt: libavutil's name of what the encoder gets.
        own_fmt: of the copy of our own, which is made in the one pass over shared memory; where it differs from
            pix_fmt, libswscale converts in the encoder's thread.
        conversion: cv2's code of that pass; None for a plain copy.
    """

    pix_fmt: str
    own_fmt: str
    conversion: int | None = None

    def own(self, image: Pixels) -> Pixels:
        """Return the frame's pixels as an array of our own."""
        if self.conversion is None:
            return image.copy()
        return np.asarray(cv2.cvtColor(image, self.conversion), np.uint8)

    def video_frame(self, own: Pixels) -> VideoFrame:
        """Return the picture that the encoder gets. It refers to `own`."""
        made = VideoFrame.from_numpy_buffer(own, format=self.own_fmt)
        return made if self.own_fmt == self.pix_fmt else made.reformat(format=self.pix_fmt)


@dataclass(frozen=True)
class Codec:
    """A video codec.

    Attributes:
        encoder: libavcodec's name of the encoder.
        paths: by encoding of the frames.
        odd_paths: the same for frames whose width or height is odd.
        usual_quality: when the user asks for none.
        quality_option: the encoder's names for it, with spaces between; empty where there is nothing to choose.
        options: of the encoder.
        has_preset: whether it knows x264's presets.
    """

    encoder: str
    paths: dict[str, PixelPath]
    odd_paths: dict[str, PixelPath] = field(default_factory=dict)
    usual_quality: int = 0
    quality_option: str = ""
    options: dict[str, str] = field(default_factory=dict)
    has_preset: bool = False

    def path_for(self, encoding: str, size_wh: tuple[int, int]) -> PixelPath:
        """Return how frames of an encoding and size are fed.

        Raises:
            FrameNotRecordableError: the codec cannot hold them.
        """
        is_odd = bool(size_wh[0] % 2 or size_wh[1] % 2)
        found = (self.odd_paths if is_odd and self.odd_paths else self.paths).get(encoding)
        if found is None:
            able = [name for name, codec in CODECS.items() if encoding in codec.paths]
            advice = f"codec {' or '.join(able)} or format mcap" if able else "format mcap"
            raise FrameNotRecordableError(f"frames are {encoding}, which {self.encoder} cannot hold: expected {advice}")
        return found

    def encoder_options(self, *, quality: int, preset: str) -> dict[str, str]:
        """Return libavcodec's options."""
        chosen = dict(self.options)
        if self.quality_option:
            number = str(quality if quality >= 0 else self.usual_quality)
            chosen |= dict.fromkeys(self.quality_option.split(), number)
        if self.has_preset:
            chosen["preset"] = preset
        return chosen

    def check_preset(self, preset: str) -> None:
        """Raise RecordingSettingsError if the codec does not know a preset."""
        if self.has_preset and preset not in PRESETS:
            raise RecordingSettingsError(f"preset is {preset!r}: expected one of {', '.join(PRESETS)}")


# OpenCV converts to limited-range BT.601 4:2:0 four times as fast as libswscale, and reads shared memory while it does.
_YUV = {
    "rgb8": PixelPath("yuv420p", "yuv420p", cv2.COLOR_RGB2YUV_I420),
    "bgr8": PixelPath("yuv420p", "yuv420p", cv2.COLOR_BGR2YUV_I420),
    "mono8": PixelPath("yuv420p", "gray"),
}
_YUV_444 = {
    "rgb8": PixelPath("yuv444p", "rgb24"),
    "bgr8": PixelPath("yuv444p", "bgr24"),
    "mono8": PixelPath("yuv444p", "gray"),
}
# No look-ahead and no B-frames: a picture leaves the encoder at once, and a crash loses none that waits in it.
_NO_DELAY = {"tune": "zerolatency", "forced-idr": "1", "g": "100000"}

CODECS = {
    "h264": Codec("libx264", _YUV, _YUV_444, 21, "crf", _NO_DELAY, has_preset=True),
    "hevc": Codec(
        "libx265", _YUV, _YUV_444, 24, "crf", {**_NO_DELAY, "x265-params": "log-level=none"}, has_preset=True
    ),
    "ffv1": Codec(
        "ffv1",
        {
            "rgb8": PixelPath("bgr0", "rgb24"),
            "bgr8": PixelPath("bgr0", "bgr24"),
            "mono8": PixelPath("gray", "gray"),
            "16UC1": PixelPath("gray16le", "gray16le"),
        },
        options={"level": "3", "g": "1", "slices": "16", "slicecrc": "1"},
    ),
    "mjpeg": Codec(
        "mjpeg",
        {
            "rgb8": PixelPath("yuvj420p", "rgb24"),
            "bgr8": PixelPath("yuvj420p", "bgr24"),
            "mono8": PixelPath("yuvj420p", "gray"),
        },
        usual_quality=3,
        quality_option="qmin qmax",
    ),
}
