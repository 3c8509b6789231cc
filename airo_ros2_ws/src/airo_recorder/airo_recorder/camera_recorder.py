"""Everything that happens to the frames of one camera between shared memory and the disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from numpy.typing import NDArray

from airo_frames.frame import Frame
from airo_recorder.exceptions import RecordingWriteError
from airo_recorder.frame_head import FrameHead
from airo_recorder.mcap_sink import McapSink
from airo_recorder.settings import RecordingSettings
from airo_recorder.target import Target
from airo_recorder.transform import Transform
from airo_recorder.video_sink import VideoSink
from airo_recorder.worker import Worker

__all__ = ["CANNOT_FOLLOW", "NOT_RECEIVED", "OVERWRITTEN", "CameraRecorder", "head_of"]

NOT_RECEIVED = "not received"
OVERWRITTEN = "overwritten while it was read"
CANNOT_FOLLOW = "the encoder or the disk cannot follow"
NO_LOSS_PATIENCE = 60.0  # s that a reader without loss waits for room
MOST_MISSING = 100_000  # a larger gap in the numbers is no gap, but another camera


class Sink(Protocol):
    """What encodes and writes: VideoSink or McapSink."""

    filled: int

    @property
    def has_kept(self) -> bool:
        """Whether there is something for a snapshot."""

    def own(self, image: NDArray[Any], encoding: str) -> NDArray[Any]:
        """Return a frame's pixels in memory of our own."""

    def write(self, head: FrameHead, own: NDArray[Any]) -> None:
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
        self._target: Target | None = None  # set by the recorder's threads, read by the reader's
        self._told_of: Target | None = None  # recording that tells that there is more than colour; the reader's
        self._is_paused = False
        self._broken = ""  # why nothing can be written any more; the encoder thread's
        self._last: tuple[int, int] | None = None  # number and stamp of the frame before, in the reader's thread

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
        """Whether there are frames in memory that a snapshot could hold."""
        return self._worker.call(lambda: self._sink.has_kept)

    def offer(self, frame: Frame) -> bool:
        """Take a frame and return whether it will be written, as far as is known now.

        Memory: the pixels are read once, here; afterwards `frame` may be overwritten.
        """
        target = self._target
        if self._is_paused or (target is None and not self._settings.snapshot_secs):
            self._last = None
            return False
        if target is not None and type(frame) is not Frame:
            self._say_colour_only(frame, target)
        head = head_of(frame)
        if not self._is_new(head, target):
            return True
        self.received += 1
        try:
            own = frame.image.copy() if self._transform is not None else self._sink.own(frame.image, frame.encoding)
        except Exception as error:  # a format that cannot hold the frame, or no memory
            self._lose(head, str(error), target)
            self._failed(error)
            return False
        if not frame.is_valid():
            self._lose(head, OVERWRITTEN, target)
            return False
        patience = NO_LOSS_PATIENCE if self._settings.no_loss else 0.0
        if not self._worker.submit(partial(self._write, head, own, target), own.nbytes, timeout=patience):
            self._lose(head, CANNOT_FOLLOW, target)
            return False
        return True

    def begin(self, target: Target) -> None:
        """Write frames from the next one on."""
        self._worker.call(partial(self._begin, target))
        self._is_paused, self._last = False, None
        self._target = target

    def end(self) -> None:
        """Write what waits, and nothing more.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        self._target = None
        self._worker.call(self._sink.end)

    def pause(self) -> None:
        """Take no frames until resume()."""
        self._is_paused = True

    def resume(self) -> None:
        """Take frames again."""
        self._is_paused = False

    def split(self) -> None:
        """Begin another file with the next frame."""
        self._worker.call(self._sink.split)

    def snapshot(self, target: Target) -> None:
        """Write the frames that are kept in memory.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        self._worker.call(partial(self._sink.snapshot, target))

    def close(self) -> None:
        """End the thread."""
        self._target = None
        self._worker.submit(self._sink.close)
        self._worker.close()

    def _say_colour_only(self, frame: Frame, target: Target) -> None:
        """Note, once in each recording, that frames have more than the image that is written."""
        if self._told_of is not target:
            self._told_of = target
            target.events.add(
                f"frames are {type(frame).__name__}: only their colour image is recorded", camera=self.camera
            )

    def _is_new(self, head: FrameHead, target: Target | None) -> bool:
        """Return False for a frame that a camera in lockstep repeats; note the numbers that are missing before it."""
        last, self._last = self._last, (head.sequence, head.stamp_nanos)
        if last is None:
            return True
        if last == self._last:
            return False
        missing = head.sequence - last[0] - 1
        if head.sequence <= last[0] or missing > MOST_MISSING:
            if target is not None:
                text = f"frame {head.sequence} follows {last[0]}: the camera was restarted"
                target.events.add(text, camera=self.camera)
        elif target is not None:
            for number in range(last[0] + 1, head.sequence):
                target.ledger.add_missing(number, NOT_RECEIVED)
        return True

    def _begin(self, target: Target) -> None:
        self._broken = ""
        self._sink.begin(target)

    def _write(self, head: FrameHead, own: NDArray[Any], target: Target | None) -> None:
        if self._broken:
            self._lose(head, self._broken, target)
            return
        try:
            if self._transform is not None:
                head, image = self._transform(head, own)
                own = self._sink.own(image, head.encoding)
            self._sink.write(head, own)
        except RecordingWriteError as error:  # the sink has entered the frame as lost
            self._break(error)
        except Exception as error:  # of an encoder, or of the user's transform
            self._lose(head, str(error), target)
            self._break(error)

    def _break(self, error: Exception) -> None:
        self._broken = str(error) or type(error).__name__
        self._failed(error)

    def _lose(self, head: FrameHead, reason: str, target: Target | None) -> None:
        if target is not None:
            target.ledger.add_lost(head, reason)


def head_of(frame: Frame) -> FrameHead:
    """Return a frame without its pixels, received now."""
    return FrameHead(
        sequence=frame.sequence,
        stamp_nanos=frame.stamp_nanos,
        received_nanos=time.time_ns(),
        monotonic_nanos=time.monotonic_ns(),
        size_wh=frame.size_wh,
        encoding=frame.encoding,
        frame_id=frame.frame_id,
        intrinsics=frame.intrinsics,
    )
