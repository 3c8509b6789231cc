"""The videos of one camera: one encoder after another, one file after another."""

from __future__ import annotations

import logging
import time
from collections import deque

from airo_recorder.codecs import CODECS, Pixels
from airo_recorder.exceptions import RecordingWriteError
from airo_recorder.frame_encoder import EncodedFrame, FrameEncoder, FrameKind
from airo_recorder.frame_head import FrameHead
from airo_recorder.own_frame import OwnFrame
from airo_recorder.picture_memory import PictureMemory
from airo_recorder.settings import RecordingSettings
from airo_recorder.target import Target
from airo_recorder.timeline import Timeline
from airo_recorder.video_files import VideoFiles

__all__ = ["VideoSink"]

_logger = logging.getLogger(__name__)
LONGEST_FILLED_SECS = 10.0  # a longer gap of a video with a constant rate begins another file


class VideoSink:
    """Encodes the frames of one camera; writes them while it has a target, and keeps the last ones for a snapshot.

    Used by the camera's encoder thread alone, but for own().

    Args:
        settings: of the recording.
    """

    def __init__(self, settings: RecordingSettings) -> None:
        self.filled = 0  # pictures that were repeated to fill gaps
        self._settings = settings
        self._codec = CODECS[settings.codec]
        self._target: Target | None = None
        self._kind: FrameKind | None = None  # that the encoder was made for
        self._encoder: FrameEncoder | None = None
        self._timeline = Timeline()
        self._waiting: deque[FrameHead | None] = deque()  # frames in the encoder; None for a repeated picture
        self._file: VideoFiles | None = None
        self._file_began = 0.0  # s of the monotonic clock
        self._unconfirmed: list[tuple[FrameHead, int]] = []  # in a muxer: frames and their numbers
        self._last: tuple[OwnFrame, int] | None = None  # the last frame and its slot, with a constant rate
        self._kept = PictureMemory(settings.snapshot_secs, settings.snapshot_bytes)

    def begin(self, target: Target) -> None:
        """Write from the next frame on."""
        self._target = target

    def end(self) -> None:
        """Write what is left, and nothing more.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        try:
            self._end_whole_file()
        finally:
            self._target = None

    def own(self, image: Pixels, encoding: str) -> Pixels:
        """Return an image of a frame as write() wants it, in memory of our own; this may be another thread.

        Raises:
            FrameNotRecordableError: the codec cannot hold them.
        """
        return self._codec.path_for(encoding, (image.shape[1], image.shape[0])).own(image)

    def write(self, head: FrameHead, own: OwnFrame) -> None:
        """Encode a frame and write what the encoder has finished.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        kind = FrameKind(head.size_wh, head.encoding, head.streams)
        if kind != self._kind:
            if self._kind is not None:
                self._note(f"frames changed from {self._kind} to {kind}: another file begins")
            self._end_encoder()
            self._begin_encoder(kind)
        elif self._is_file_full():
            self._end_whole_file()
            if self._encoder is None:
                self._begin_encoder(kind)
        placed = self._timeline.place(head.stamp_nanos, head.monotonic_nanos)
        if placed.step_nanos:
            self._note(
                f"the camera's clock stepped by {placed.step_nanos / 1e9:+.3f} s before frame {head.sequence}: "
                "the video goes on at true speed"
            )
        if self._settings.rate:
            self._encode_at_rate(head, own, placed.pts_micros)
        else:
            self._encode(head, own, placed.pts_micros)

    def split(self) -> None:
        """Begin another file with the next frame."""
        self._end_whole_file()

    def snapshot(self, target: Target) -> None:
        """Write the pictures that are kept in memory to a file of their own.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        pictures = self._kept.pictures()
        file = self._new_file(target, origin_micros=pictures[0][0].pts_micros)
        try:
            for encoded, _ in pictures:
                file.write(encoded)
        finally:
            file.close()
        heads = [(head, number) for number, (_, head) in enumerate(pictures) if head is not None]
        _confirm(file, heads, target)

    @property
    def has_kept(self) -> bool:
        """Whether there is something for a snapshot."""
        return self._kept.has_any

    def close(self) -> None:
        """Write what is left and free the encoder.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        self._end_encoder()
        self._target = None

    def _encode_at_rate(self, head: FrameHead, own: OwnFrame, pts_micros: int) -> None:
        rate = self._settings.rate
        slot = round(pts_micros * rate / 1e6)
        if self._last is not None:
            last_own, last_slot = self._last
            if slot <= last_slot:
                if self._target is not None:
                    self._target.ledger.add_lost(head, f"faster than the constant rate of {rate:g} Hz")
                return
            if (slot - last_slot) / rate > LONGEST_FILLED_SECS:
                self._note(f"{(slot - last_slot) / rate:.1f} s without a frame: another file begins")
                self._end_file()  # of an encoder that has finished every frame it was given, as all of ours do
            else:
                for missing in range(last_slot + 1, slot):
                    self._encode(None, last_own, round(missing * 1e6 / rate))
                    self.filled += 1
        self._last = own, slot
        self._encode(head, own, round(slot * 1e6 / rate))

    def _encode(self, head: FrameHead | None, own: OwnFrame, pts_micros: int) -> None:
        if self._encoder is None:
            raise RuntimeError("there is no encoder for this frame")
        self._waiting.append(head)
        begins_file = self._target is not None and self._file is None
        for encoded in self._encoder.encode(own, pts_micros=pts_micros, must_be_key=begins_file):
            self._finished(encoded, self._waiting.popleft())

    def _finished(self, encoded: EncodedFrame, head: FrameHead | None) -> None:
        self._kept.add(encoded, head)
        if self._target is None:
            return
        try:
            self._write(encoded, head, self._target)
        except RecordingWriteError as error:
            if head is not None:
                self._target.ledger.add_lost(head, str(error))
            self._abandon_file(error, self._target)

    def _write(self, encoded: EncodedFrame, head: FrameHead | None, target: Target) -> None:
        if self._file is None:
            self._file = self._new_file(target, origin_micros=encoded.pts_micros)
            self._file_began = time.monotonic()
        passed = self._file.passed
        self._file.write(encoded)
        if self._file.passed != passed:
            passed = self._file.passed
            _confirm(self._file, [each for each in self._unconfirmed if each[1] < passed], target)
            self._unconfirmed = [each for each in self._unconfirmed if each[1] >= passed]
        if head is not None:
            self._unconfirmed.append((head, self._file.frames - 1))

    def _new_file(self, target: Target, *, origin_micros: int) -> VideoFiles:
        if self._encoder is None:
            raise RuntimeError("there is no encoder to describe a file")
        templates = self._encoder.templates
        paths = target.new_videos(tuple(templates), suffix=self._settings.format)
        return VideoFiles(target.disk, paths, templates=templates, origin_micros=origin_micros)

    def _is_file_full(self) -> bool:
        if self._file is None:
            return False
        age, settings = time.monotonic() - self._file_began, self._settings
        return bool(
            (settings.split_bytes and self._file.size >= settings.split_bytes)
            or (settings.split_secs and age >= settings.split_secs)
        )

    def _end_whole_file(self) -> None:
        """End the file with all frames that were given to the encoder; one that holds some back ends with it."""
        if self._waiting:
            self._end_encoder()
        else:
            self._end_file()

    def _end_file(self) -> None:
        if self._file is None or self._target is None:
            return
        try:
            self._file.close()
        except RecordingWriteError as error:
            self._abandon_file(error, self._target)
            return
        _confirm(self._file, self._unconfirmed, self._target)
        self._file, self._unconfirmed = None, []

    def _abandon_file(self, error: RecordingWriteError, target: Target) -> None:
        """Enter what did not reach the file as lost. A removed file is followed by another one."""
        for head, _ in self._unconfirmed:
            target.ledger.add_lost(head, str(error))
        file, self._file, self._unconfirmed = self._file, None, []
        if file is not None:
            try:
                file.close()
            except RecordingWriteError as again:
                _logger.debug("%s", again)  # the error that is being handled
        if not error.was_removed:
            raise error
        self._note(f"{error}: its frames are gone with it, another file begins")

    def _note(self, text: str) -> None:
        if self._target is not None:
            self._target.events.add(text, camera=self._target.camera)

    def _begin_encoder(self, kind: FrameKind) -> None:
        self._encoder = FrameEncoder(kind, settings=self._settings)
        self._kind, self._timeline, self._last = kind, Timeline(), None
        self._kept.clear()  # a file holds the pictures of one encoder

    def _end_encoder(self) -> None:
        if self._encoder is None:
            return
        encoder = self._encoder
        try:
            for encoded in encoder.drain():
                self._finished(encoded, self._waiting.popleft())
            self._end_file()
        finally:
            self._encoder, self._kind = None, None
            self._waiting.clear()
            encoder.close()


def _confirm(file: VideoFiles, frames: list[tuple[FrameHead, int]], target: Target) -> None:
    """Let the disk thread enter frames in the ledger when they are written."""

    def confirmed(error: RecordingWriteError | None) -> None:
        for head, index in frames:
            if error is None:
                target.ledger.add_written(head, file=file.name, index=index)
            else:
                target.ledger.add_lost(head, str(error))

    file.confirm(confirmed)
