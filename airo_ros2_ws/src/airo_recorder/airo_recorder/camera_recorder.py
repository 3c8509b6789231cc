"""Everything that happens to the frames of one camera between shared memory and the disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from numpy.typing import NDArray

from airo_frames.frame import Frame
from airo_recorder.cloud_recorder import CloudRecorder
from airo_recorder.exceptions import RecordingWriteError
from airo_recorder.frame_head import FrameHead, head_of
from airo_recorder.mcap_sink import McapSink
from airo_recorder.numbering import Numbering
from airo_recorder.own_frame import OwnFrame, own_frame
from airo_recorder.reasons import CANNOT_FOLLOW, OVERWRITTEN
from airo_recorder.settings import RecordingSettings
from airo_recorder.target import Target
from airo_recorder.transform import Transform, transformed
from airo_recorder.video_sink import VideoSink
from airo_recorder.worker import Worker

__all__ = ["CameraRecorder"]


class Sink(Protocol):
    """What encodes and writes: VideoSink or McapSink."""

    filled: int

    @property
    def has_kept(self) -> bool:
        """Whether there is something for a snapshot."""

    def own(self, image: NDArray[Any], encoding: str) -> NDArray[Any]:
        """Return an image of a frame in memory of our own."""

    def write(self, head: FrameHead, own: OwnFrame) -> None:
        """Write a frame."""

    def begin(self, target: Target) -> None:
        """Write from the next frame on."""

    def end(self) -> None:
        """Write what is left, and nothing more."""

    def split(self) -> None:
        """Begin another file."""

    def snapshot(self, target: Target) -> None:
        """Write what is kept in memory."""

    def close(self) -> None:
        """Release everything."""


class CameraRecorder:
    """Records one camera. Frames are offered by one thread, and encoded and written by another.

    Args:
        camera: its name.
        settings: of the recorder.
        failed: called, in any thread, with what keeps the recording from going on.
        transform: of the frames before they are encoded; None for frames as they are.
    """

    def __init__(
        self,
        camera: str,
        *,
        settings: RecordingSettings,
        failed: Callable[[Exception], None],
        transform: Transform | None = None,
    ) -> None:
        self.camera = camera
        self.received = 0  # frames that were offered while they were wanted
        self._settings = settings
        self._failed = failed
        self._transform = transform
        self._sink: Sink = VideoSink(settings) if settings.is_video else McapSink(camera, settings)
        self._worker = Worker(f"encode {camera}", max_bytes=settings.queue_bytes, failed=failed)
        self.clouds = CloudRecorder(camera, settings=settings, worker=self._worker, failed=failed)
        self._target: Target | None = None  # set by the recorder's threads, read by the reader's
        self._told_of: Target | None = None  # recording that tells what is left out; the encoder thread's
        self._is_paused = False
        self._broken = ""  # why nothing can be written any more; the encoder thread's
        self._numbering = Numbering(camera)  # the reader's

    @property
    def waiting_bytes(self) -> int:
        """Bytes of frames that wait for the encoder."""
        return self._worker.waiting_bytes

    @property
    def filled(self) -> int:
        """Pictures that were repeated to fill gaps, in all recordings."""
        return self._sink.filled

    @property
    def has_kept(self) -> bool:
        """Whether there are frames or clouds in memory that a snapshot could hold."""
        return self._worker.call(lambda: self._sink.has_kept or self.clouds.has_kept)

    def offer(self, frame: Frame) -> bool:
        """Take a frame and return whether it will be written, as far as is known now.

        Memory: the pixels are read once, here; afterwards `frame` may be overwritten.
        """
        target = self._target
        if self._is_paused or (target is None and not self._settings.snapshot_secs):
            self._numbering.forget()
            return False
        head = head_of(frame, streams=self._settings.streams)
        ledger, events = (None, None) if target is None else (target.ledger, target.events)
        if not self._numbering.is_new(head, ledger=ledger, events=events):
            return True
        self.received += 1
        own_image = _copied if self._transform is not None else self._sink.own
        try:
            own = own_frame(frame, own_image, streams=head.streams)
        except Exception as error:  # a format that cannot hold the frame, or no memory
            self._lose(head, str(error), target)
            self._failed(error)
            return False
        if not frame.is_valid():
            self._lose(head, OVERWRITTEN, target)
            return False
        command = partial(self._write, head, own, target)
        if not self._worker.submit(command, own.nbytes, timeout=self._settings.patience):
            self._lose(head, CANNOT_FOLLOW, target)
            return False
        return True

    def begin(self, target: Target) -> None:
        """Write frames from the next one on."""
        self._worker.call(partial(self._begin, target))
        self._is_paused = False
        self._numbering.forget()
        self._target = target
        self.clouds.begin(target)

    def end(self) -> None:
        """Write what waits, and nothing more.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        self._target = None
        self.clouds.end()
        self._worker.call(self._sink.end)

    def pause(self) -> None:
        """Take no frames until resume()."""
        self._is_paused = True
        self.clouds.pause(is_paused=True)

    def resume(self) -> None:
        """Take frames again."""
        self._is_paused = False
        self.clouds.pause(is_paused=False)

    def split(self) -> None:
        """Begin another file with the next frame."""
        self._worker.call(self._sink.split)

    def snapshot(self, target: Target) -> None:
        """Write the frames and clouds that are kept in memory.

        Raises:
            RecordingWriteError: the disk refuses.
        """

        def write() -> None:
            if self._sink.has_kept:
                self._sink.snapshot(target)
            self.clouds.snapshot(target)

        self._worker.call(write)

    def close(self) -> None:
        """End the thread."""
        self._target = None
        self._worker.submit(self._sink.close)
        self._worker.close()

    def _begin(self, target: Target) -> None:
        self._broken = ""
        self._sink.begin(target)

    def _write(self, head: FrameHead, own: OwnFrame, target: Target | None) -> None:
        if self._broken:
            self._lose(head, self._broken, target)
            return
        try:
            if self._transform is not None:
                before = head.streams
                head, own = transformed(self._transform, head, own)
                if head.streams != before and target is not None:
                    self._say_left_out(before[1:], target)
                right = None if own.right is None else self._sink.own(own.right, head.encoding)
                own = replace(own, image=self._sink.own(own.image, head.encoding), right=right)
            self._sink.write(head, own)
        except RecordingWriteError as error:  # the sink has entered the frame as lost
            self._break(error)
        except Exception as error:  # of an encoder, or of the user's transform
            self._lose(head, str(error), target)
            self._break(error)

    def _say_left_out(self, streams: tuple[str, ...], target: Target) -> None:
        """Note, once in each recording, what does not belong to the pixels that are written."""
        if self._told_of is not target:
            self._told_of = target
            text = f"the transform changes the size of images alone: {', '.join(streams)} are not recorded"
            target.events.add(text, camera=self.camera)

    def _break(self, error: Exception) -> None:
        self._broken = str(error) or type(error).__name__
        self._failed(error)

    def _lose(self, head: FrameHead, reason: str, target: Target | None) -> None:
        if target is not None:
            target.ledger.add_lost(head, reason)


def _copied(image: NDArray[Any], encoding: str) -> NDArray[Any]:
    return image.copy()
