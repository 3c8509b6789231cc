"""The frames of one camera as messages of a bag."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from airo_recorder.bag import Bag
from airo_recorder.frame_head import FrameHead
from airo_recorder.frame_messages import frame_messages
from airo_recorder.message_memory import MessageMemory
from airo_recorder.own_frame import OwnFrame
from airo_recorder.ros_messages import RosMessage
from airo_recorder.settings import RecordingSettings
from airo_recorder.target import Target

__all__ = ["McapSink"]


class McapSink:
    """Makes messages of frames. Used by the camera's encoder thread alone, but for own().

    Args:
        camera: name, which begins the topics.
        settings: of the recording.
    """

    def __init__(self, camera: str, settings: RecordingSettings) -> None:
        self.filled = 0  # nothing is ever repeated in a bag
        self._camera = camera
        self._settings = settings
        self._target: Target | None = None
        self._kept = MessageMemory(settings.snapshot_secs, settings.snapshot_bytes)

    def own(self, image: NDArray[Any], encoding: str) -> NDArray[Any]:
        """Return a copy of a frame's pixels; this may be another thread."""
        return image.copy()

    def begin(self, target: Target) -> None:
        """Write from the next frame on."""
        self._target = target

    def end(self) -> None:
        """Write nothing more. The bag has its own end."""
        self._target = None

    def write(self, head: FrameHead, own: OwnFrame) -> None:
        """Write a frame: all its images and their intrinsics.

        Raises:
            FrameNotRecordableError: the kind of image cannot hold the frame's encoding.
            RecordingWriteError: the disk refuses.
        """
        messages = frame_messages(self._camera, head, own, settings=self._settings)
        self._kept.add(head, messages)
        if self._target is not None:
            _write(self._bag(self._target), head, messages, self._target)

    def split(self) -> None:
        """Do nothing: the bag is split as a whole."""

    def snapshot(self, target: Target) -> None:
        """Write the messages that are kept in memory to a bag.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        for head, messages in self._kept.messages():
            _write(self._bag(target), head, messages, target)

    @property
    def has_kept(self) -> bool:
        """Whether there is something for a snapshot."""
        return self._kept.has_any

    def close(self) -> None:
        """Write nothing more."""
        self.end()

    @staticmethod
    def _bag(target: Target) -> Bag:
        if target.bag is None:
            raise RuntimeError("a recording as MCAP has a bag")
        return target.bag


def _write(bag: Bag, head: FrameHead, messages: Sequence[RosMessage], target: Target) -> None:
    bag.write(
        *messages,
        written=lambda file, index: target.ledger.add_written(head, file=file, index=index),
        lost=lambda reason: target.ledger.add_lost(head, reason),
    )
