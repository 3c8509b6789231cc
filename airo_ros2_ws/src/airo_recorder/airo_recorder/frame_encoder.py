"""One encoder per stream of a frame, in step: what comes out is whole frames again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from av.video.stream import VideoStream
from numpy.typing import NDArray

from airo_recorder.codecs import CODECS, Pixels
from airo_recorder.depth_units import as_millimetres, as_steps
from airo_recorder.encoder import EncodedPicture, VideoEncoder
from airo_recorder.own_frame import OwnFrame
from airo_recorder.settings import RecordingSettings

__all__ = ["EncodedFrame", "FrameEncoder", "FrameKind"]

# Depth and confidence have no colours and no lossy codec that suits them: always lossless, in whole numbers.
_LOSSLESS = {"depth": "16UC1", "confidence": "mono8"}


@dataclass(frozen=True)
class FrameKind:
    """What encoders are made for.

    Attributes:
        size_wh: (width, height), px.
        encoding: of image and right view.
        streams: of the frame.
    """

    size_wh: tuple[int, int]
    encoding: str
    streams: tuple[str, ...] = ("image",)

    def __str__(self) -> str:
        width, height = self.size_wh
        more = f" with {', '.join(self.streams[1:])}" if len(self.streams) > 1 else ""
        return f"{width}x{height} {self.encoding}{more}"


@dataclass(frozen=True, eq=False)
class EncodedFrame:
    """The pictures of one frame by stream."""

    pictures: dict[str, EncodedPicture]

    @property
    def pts_micros(self) -> int:
        """Presentation time by the encoders' clock, µs."""
        return self.pictures["image"].pts_micros

    @property
    def is_key(self) -> bool:
        """Whether decoding can begin here."""
        return all(picture.is_key for picture in self.pictures.values())

    @property
    def nbytes(self) -> int:
        """Bytes of all pictures."""
        return sum(len(picture.data) for picture in self.pictures.values())


class FrameEncoder:
    """Encodes the frames of one camera, all of one kind. Used by one thread.

    Args:
        kind: of the frames.
        settings: codec, quality, preset and threads.
    """

    def __init__(self, kind: FrameKind, *, settings: RecordingSettings) -> None:
        self._encoders: dict[str, VideoEncoder] = {}
        self._finished: dict[str, deque[EncodedPicture]] = {stream: deque() for stream in kind.streams}
        for stream in kind.streams:
            codec = CODECS["ffv1" if stream in _LOSSLESS else settings.codec]
            path = codec.path_for(_LOSSLESS.get(stream, kind.encoding), kind.size_wh)
            self._encoders[stream] = VideoEncoder(codec, path, size_wh=kind.size_wh, settings=settings)

    def encode(self, own: OwnFrame, *, pts_micros: int, must_be_key: bool = False) -> list[EncodedFrame]:
        """Encode one frame and return those that all encoders have finished.

        Args:
            own: with image and right view as PixelPath.own() gave them.
            pts_micros: presentation time, µs, larger than the one before.
            must_be_key: decoding has to be able to begin here.
        """
        planes = own.planes()
        for stream, encoder in self._encoders.items():
            pixels = _encodable(stream, planes[stream])
            self._finished[stream] += encoder.encode(pixels, pts_micros=pts_micros, must_be_key=must_be_key)
        return self._whole_frames()

    def drain(self) -> list[EncodedFrame]:
        """Return what is still in the encoders, which take nothing more."""
        for stream, encoder in self._encoders.items():
            self._finished[stream] += encoder.drain()
        return self._whole_frames()

    def close(self) -> None:
        """Free the encoders."""
        for encoder in self._encoders.values():
            encoder.close()

    @property
    def templates(self) -> dict[str, VideoStream]:
        """What describes the packets of each stream to a muxer; there is one as soon as there is a frame."""
        return {stream: encoder.template for stream, encoder in self._encoders.items()}

    def _whole_frames(self) -> list[EncodedFrame]:
        count = min(map(len, self._finished.values()))
        return [
            EncodedFrame({stream: pictures.popleft() for stream, pictures in self._finished.items()})
            for _ in range(count)
        ]


def _encodable(stream: str, plane: NDArray[Any]) -> Pixels:
    if stream == "depth":
        return as_millimetres(plane)
    if stream == "confidence":
        return as_steps(plane)
    pixels: Pixels = plane
    return pixels
