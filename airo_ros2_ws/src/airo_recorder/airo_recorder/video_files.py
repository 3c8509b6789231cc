"""The videos of one camera that are written side by side, one per stream of its frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from av.video.stream import VideoStream

from airo_recorder.disk import DiskThread
from airo_recorder.exceptions import RecordingWriteError
from airo_recorder.frame_encoder import EncodedFrame
from airo_recorder.video_file import VideoFile

__all__ = ["VideoFiles"]


class VideoFiles:
    """One file per stream; picture number n of each belongs to one frame.

    Args:
        disk: thread that writes.
        paths: of the files by stream; their suffix decides the container.
        templates: what describes the packets of each stream.
        origin_micros: presentation time that is the files' beginning, µs.

    Raises:
        RecordingWriteError: a file cannot be created.
    """

    def __init__(
        self,
        disk: DiskThread,
        paths: Mapping[str, Path],
        *,
        templates: Mapping[str, VideoStream],
        origin_micros: int,
    ) -> None:
        self.name = paths["image"].name  # of the image's file, which the sidecar has
        self.frames = 0  # written so far
        self._passed = dict.fromkeys(paths, 0)  # pictures that have left each muxer
        self._files: dict[str, VideoFile] = {}
        try:
            for stream, path in paths.items():
                self._files[stream] = VideoFile(disk, path, template=templates[stream], origin_micros=origin_micros)
        except RecordingWriteError:
            self.close()
            raise

    @property
    def size(self) -> int:
        """Bytes that have left the muxers."""
        return sum(file.size for file in self._files.values())

    @property
    def passed(self) -> int:
        """Frames that have left all muxers."""
        return min(self._passed.values())

    @property
    def error(self) -> RecordingWriteError | None:
        """What is wrong with one of them."""
        return next((file.file.error for file in self._files.values() if file.file.error is not None), None)

    def write(self, frame: EncodedFrame) -> None:
        """Write the pictures of a frame.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        for stream, file in self._files.items():
            before = file.size
            file.write(frame.pictures[stream])
            if file.size != before:  # the muxer has passed on everything before this picture
                self._passed[stream] = self.frames
        self.frames += 1

    def confirm(self, confirmed: Callable[[RecordingWriteError | None], None]) -> None:
        """Let the disk thread say what is wrong with the files; None if everything queued so far was written."""
        *others, last = self._files.values()
        for file in others:
            file.file.confirm(lambda is_written: None)
        last.file.confirm(lambda is_written: confirmed(self.error))

    def close(self) -> None:
        """Write what is left and the indexes. After an error the files stay as they are, which is valid.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        errors = []
        for file in self._files.values():
            try:
                file.close()
            except RecordingWriteError as error:
                errors.append(error)
        if errors:
            raise errors[0]
