"""Everything that happens to the point clouds of one camera between shared memory and the disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from airo_recorder.cloud_messages import OwnCloud, cloud_message
from airo_recorder.exceptions import RecordingWriteError
from airo_recorder.frame_head import FrameHead
from airo_recorder.message_memory import MessageMemory
from airo_recorder.numbering import Numbering
from airo_recorder.reasons import CANNOT_FOLLOW, OVERWRITTEN
from airo_recorder.ros_messages import RosMessage
from airo_recorder.settings import RecordingSettings
from airo_recorder.target import Target
from airo_recorder.worker import Worker

if TYPE_CHECKING:
    from airo_frames.point_cloud_frame import PointCloudFrame

__all__ = ["CloudRecorder"]


class CloudRecorder:
    """Records the clouds that a camera publishes itself, as messages of the bag, whatever the format of its frames.

    Clouds are offered by one thread. They wait in the same queue as the camera's frames, so that both share its bytes.

    Args:
        camera: its name.
        settings: of the recorder.
        worker: that makes messages of them.
        failed: called, in any thread, with what keeps the recording from going on.
    """

    def __init__(
        self, camera: str, *, settings: RecordingSettings, worker: Worker, failed: Callable[[Exception], None]
    ) -> None:
        self._camera = camera
        self._settings = settings
        self._worker = worker
        self._failed = failed
        self._target: Target | None = None  # set by the recorder's threads, read by the reader's
        self._is_paused = False
        self._numbering = Numbering(camera, noun="cloud")  # the reader's
        self._kept = MessageMemory(settings.snapshot_secs, settings.snapshot_bytes)  # the worker's
        self._broken = ""  # why nothing can be written any more; the worker's

    def begin(self, target: Target) -> None:
        """Write clouds from the next one on."""
        self._broken = ""
        self._is_paused, self._target = False, target
        self._numbering.forget()

    def end(self) -> None:
        """Take no more."""
        self._target = None

    def pause(self, *, is_paused: bool) -> None:
        """Take none, or take them again."""
        self._is_paused = is_paused

    def offer(self, cloud: PointCloudFrame) -> bool:
        """Take a cloud and return whether it will be written, as far as is known now.

        Memory: the points are read once, here; afterwards `cloud` may be overwritten.
        """
        target = self._target
        if self._is_paused or (target is None and not self._settings.snapshot_secs):
            self._numbering.forget()
            return False
        head = _head_of(cloud)
        ledger, events = (None, None) if target is None else (target.clouds, target.events)
        if not self._numbering.is_new(head, ledger=ledger, events=events):
            return True
        size = cloud.points.nbytes + (0 if cloud.colors is None else cloud.colors.nbytes)
        patience = self._settings.patience
        if not self._worker.wait_for_room(size, timeout=patience):
            _lose(head, CANNOT_FOLLOW, target)
            return False
        own = OwnCloud(cloud.points.copy(), None if cloud.colors is None else cloud.colors.copy())
        if not cloud.is_valid():
            _lose(head, OVERWRITTEN, target)
            return False
        if not self._worker.submit(partial(self._write, head, own, target), own.nbytes, timeout=patience):
            _lose(head, CANNOT_FOLLOW, target)
            return False
        return True

    @property
    def has_kept(self) -> bool:
        """In the worker's thread: whether there are clouds that a snapshot could hold."""
        return self._kept.has_any

    def snapshot(self, target: Target) -> None:
        """In the worker's thread: write what is kept in memory.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        for head, (message,) in self._kept.messages():
            _write(message, head, target)

    def _write(self, head: FrameHead, own: OwnCloud, target: Target | None) -> None:
        if self._broken:
            _lose(head, self._broken, target)
            return
        message = cloud_message(self._camera, head, own)
        self._kept.add(head, [message])
        if target is None:
            return
        try:
            _write(message, head, target)
        except RecordingWriteError as error:  # the cloud has been entered as lost
            self._broken = str(error)
            self._failed(error)


def _write(message: RosMessage, head: FrameHead, target: Target) -> None:
    if target.bag is None:
        raise RuntimeError("a recording has a bag")
    target.bag.write(
        message,
        written=lambda file, index: target.clouds.add_written(head, file=file, index=index),
        lost=lambda reason: target.clouds.add_lost(head, reason),
    )


def _lose(head: FrameHead, reason: str, target: Target | None) -> None:
    if target is not None:
        target.clouds.add_lost(head, reason)


def _head_of(cloud: PointCloudFrame) -> FrameHead:
    """Return a cloud without its points, received now; its width is their number."""
    return FrameHead(
        sequence=cloud.sequence,
        stamp_nanos=cloud.stamp_nanos,
        received_nanos=time.time_ns(),
        monotonic_nanos=time.monotonic_ns(),
        size_wh=(len(cloud.points), 1),
        encoding="xyz" if cloud.colors is None else "xyzrgb",
        frame_id=cloud.frame_id,
        intrinsics=cloud.intrinsics,
        streams=("cloud",),
    )
