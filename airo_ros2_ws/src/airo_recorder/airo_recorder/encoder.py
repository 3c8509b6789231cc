"""From pictures to packets: one video encoder, independent of the files that its packets go to."""

from __future__ import annotations

import io
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
from av.video.frame import PictureType
from av.video.stream import VideoStream

from airo_recorder.codecs import Codec, PixelPath, Pixels
from airo_recorder.settings import RecordingSettings

__all__ = ["MICROS", "EncodedPicture", "VideoEncoder"]

MICROS = Fraction(1, 1_000_000)
KEYFRAME_MICROS = 1_000_000  # a file that is cut off, or a snapshot, begins or ends within a second of what was asked
_GLOBAL_HEADER = 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER: Matroska and MP4 want the codec's parameters in their head


@dataclass(frozen=True)
class EncodedPicture:
    """One picture as the encoder made it.

    Attributes:
        data: of the packet.
        pts_micros: presentation time by the encoder's clock, µs; pictures leave in order.
        is_key: decoding can begin here.
    """

    data: bytes
    pts_micros: int
    is_key: bool


class VideoEncoder:
    """Encodes the pictures of one camera, all of one size and encoding. Used by one thread.

    Args:
        codec: one of CODECS.
        path: how it gets its pixels.
        size_wh: (width, height), px.
        settings: quality, preset and threads.
    """

    def __init__(self, codec: Codec, path: PixelPath, *, size_wh: tuple[int, int], settings: RecordingSettings) -> None:
        self._path = path
        self._size_wh = size_wh
        self._key_at = -KEYFRAME_MICROS  # pts of the last key picture, µs
        self._template: VideoStream | None = None  # describes the packets to a muxer; known with the first one
        self._description = io.BytesIO()
        # NUT keeps the codec's parameters as they are; a reader of its head is what a muxer takes as a template.
        self._container = av.open(self._description, "w", format="nut", options={"flush_packets": "1"})
        self._stream = cast(VideoStream, self._container.add_stream(codec.encoder, rate=30))
        self._stream.width, self._stream.height = size_wh
        self._stream.pix_fmt = path.pix_fmt
        self._stream.options = dict(codec.encoder_options(quality=settings.quality, preset=settings.preset))
        context = self._stream.codec_context
        context.time_base = MICROS
        context.flags |= _GLOBAL_HEADER
        context.thread_count = settings.threads
        context.thread_type = "SLICE"  # threads over whole frames would hold frames back

    def encode(self, own: Pixels, *, pts_micros: int, must_be_key: bool = False) -> list[EncodedPicture]:
        """Encode one picture and return what the encoder has finished.

        Args:
            own: as PixelPath.own() gave it.
            pts_micros: presentation time, µs, larger than the one before.
            must_be_key: decoding has to be able to begin here.
        """
        picture = self._path.video_frame(own)
        picture.pts, picture.time_base = pts_micros, MICROS
        if must_be_key or pts_micros - self._key_at >= KEYFRAME_MICROS:
            picture.pict_type = PictureType.I
            self._key_at = pts_micros
        return self._finished(self._stream.encode(picture))

    def drain(self) -> list[EncodedPicture]:
        """Return what is still in the encoder, which takes nothing more."""
        return self._finished(self._stream.encode(None))

    def close(self) -> None:
        """Free the encoder."""
        self._container.close()

    @property
    def template(self) -> VideoStream:
        """Stream that describes the packets to a muxer; there is one as soon as there is a packet."""
        if self._template is None:
            raise RuntimeError("the encoder has made no packet yet")
        return self._template

    def _finished(self, packets: list[av.Packet[VideoStream]]) -> list[EncodedPicture]:
        made = [EncodedPicture(bytes(packet), int(packet.pts or 0), packet.is_keyframe) for packet in packets]
        if packets and self._template is None:
            self._container.mux(packets[0])
            self._template = av.open(io.BytesIO(self._description.getvalue()), format="nut").streams.video[0]
        return made
