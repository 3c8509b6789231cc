"""One video file that opens wherever its writing was cut off."""

from __future__ import annotations

from pathlib import Path

import av
from av.video.stream import VideoStream

from airo_recorder.disk import DiskFile, DiskThread
from airo_recorder.encoder import MICROS, EncodedPicture
from airo_recorder.exceptions import RecordingWriteError
from airo_recorder.settings import CONTAINERS

__all__ = ["VideoFile"]

# What waits in the muxer is lost with the process: half a second at most.
_OPTIONS = {
    "matroska": {"cluster_time_limit": "500"},
    "mp4": {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "500000"},
}
_FLUSH = {"flush_packets": "1"}


class VideoFile:
    """Matroska or fragmented MP4, written through the disk thread.

    Args:
        disk: thread that writes.
        path: of the file; its suffix decides the container.
        template: stream that describes the packets.
        origin_micros: presentation time that is the file's beginning, µs.

    Raises:
        RecordingWriteError: the file cannot be created.
    """

    def __init__(self, disk: DiskThread, path: Path, *, template: VideoStream, origin_micros: int) -> None:
        self.path = path
        self.pictures = 0  # written so far
        self.origin_micros = origin_micros
        self._file = disk.open(path)
        name = CONTAINERS[path.suffix[1:]]
        self._container = av.open(self._file, "w", format=name, options=_OPTIONS[name] | _FLUSH)
        self._stream = self._container.add_stream_from_template(template)
        self._stream.time_base = MICROS
        self._is_closed = False

    @property
    def size(self) -> int:
        """Bytes that have left the muxer."""
        return self._file.size

    @property
    def file(self) -> DiskFile:
        """Where the bytes go, which can confirm them."""
        return self._file

    def write(self, picture: EncodedPicture) -> None:
        """Write a picture.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        packet = av.Packet(picture.data)
        packet.pts = packet.dts = picture.pts_micros - self.origin_micros
        packet.time_base = MICROS
        packet.is_keyframe = picture.is_key
        packet.stream = self._stream
        try:
            self._container.mux_one(packet)
        except av.FFmpegError as error:
            raise self._file.error or RecordingWriteError(f"cannot write {self.path}: {error}") from error
        self.pictures += 1

    def close(self) -> None:
        """Write what is left and the index. After an error the file stays as it is, which is valid."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self._container.close()
        except (av.FFmpegError, RecordingWriteError) as error:
            raise self._file.error or RecordingWriteError(f"cannot write {self.path}: {error}") from error
        finally:
            self._file.close()
