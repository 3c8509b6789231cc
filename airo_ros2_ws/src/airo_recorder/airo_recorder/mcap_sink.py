"""The frames of one camera as messages of a bag."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from airo_recorder.bag import Bag
from airo_recorder.frame_head import FrameHead
from airo_recorder.message_memory import MessageMemory
from airo_recorder.ros_messages import RosMessage, camera_info, compressed_image, raw_image
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

    def write(self, head: FrameHead, own: NDArray[Any]) -> None:
        """Write a frame and its intrinsics.

        Raises:
            FrameNotRecordableError: the kind of image cannot hold the frame's encoding.
            RecordingWriteError: the disk refuses.
        """
        image, info = self._image(head, own), camera_info(self._camera, head)
        self._kept.add(head, image, info)
        if self._target is not None:
            _write(self._bag(self._target), head, image, info, self._target)

    def split(self) -> None:
        """Do nothing: the bag is split as a whole."""

    def snapshot(self, target: Target) -> None:
        """Write the messages that are kept in memory to a bag.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        for head, image, info in self._kept.messages():
            _write(self._bag(target), head, image, info, target)

    @property
    def has_kept(self) -> bool:
        """Whether there is something for a snapshot."""
        return self._kept.has_any

    def close(self) -> None:
        """Write nothing more."""
        self.end()

    def _image(self, head: FrameHead, own: NDArray[Any]) -> RosMessage:
        if self._settings.image == "raw":
            return raw_image(self._camera, head, own)
        return compressed_image(self._camera, head, own, kind=self._settings.image, quality=self._settings.quality)

    @staticmethod
    def _bag(target: Target) -> Bag:
        if target.bag is None:
            raise RuntimeError("a recording as MCAP has a bag")
        return target.bag


def _write(bag: Bag, head: FrameHead, image: RosMessage, info: RosMessage, target: Target) -> None:
    bag.write(info)
    bag.write(
        image,
        written=lambda file, index: target.ledger.add_written(head, file=file, index=index),
        lost=lambda reason: target.ledger.add_lost(head, reason),
    )
