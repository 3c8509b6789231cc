"""The recorder: starts, stops and watches recordings of several cameras."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airo_recorder.camera_recorder import CameraRecorder
from airo_recorder.exceptions import RecorderError, RecordingStateError, RecordingWriteError
from airo_recorder.recording import Recording
from airo_recorder.ros_messages import RosMessage
from airo_recorder.settings import RecordingSettings
from airo_recorder.transform import Transform
from airo_recorder.worker import Worker

__all__ = ["Progress", "Recorder"]

_logger = logging.getLogger(__name__)
WATCH_SECS = 0.25  # how often the disk is looked at and the books are written
MESSAGE_BYTES = 16 << 20  # of tags and transforms that may wait


@dataclass(frozen=True)
class Progress:
    """How a recording is going.

    Attributes:
        state: stopped, recording or paused.
        folder: of the recording; None before the first.
        seconds: since it began.
        written: frames that are on the disk.
        lost: frames that are in no file.
        size_bytes: of all files.
        free_bytes: that the disk has left.
        waiting_bytes: in memory, for encoders and disk.
        reason: why the last recording ended by itself; empty if it did not.
        lost_clouds: point clouds that are in no file.
    """

    state: str
    folder: Path | None = None
    seconds: float = 0.0
    written: int = 0
    lost: int = 0
    size_bytes: int = 0
    free_bytes: int = 0
    waiting_bytes: int = 0
    reason: str = ""
    lost_clouds: int = 0


class Recorder:
    """Records cameras, one recording after another. Its methods may be called from any thread.

    Args:
        settings: of its recordings.
        cameras: names.
        transforms: of the frames of some of them.
        ended: called, in a thread of the recorder, with the summary of a recording that ended by itself.
    """

    def __init__(
        self,
        settings: RecordingSettings,
        cameras: Sequence[str],
        *,
        transforms: Mapping[str, Transform] | None = None,
        ended: Callable[[dict[str, Any]], None] = lambda summary: None,
    ) -> None:
        self.settings = settings
        given = transforms or {}
        self.cameras = {
            name: CameraRecorder(name, settings=settings, failed=self._fail, transform=given.get(name))
            for name in cameras
        }
        self._ended = ended
        self._recording: Recording | None = None  # guarded by _lock, as the four below
        self._is_paused = False
        self._last = Progress("stopped")
        self._summary: dict[str, Any] = {}
        self._failure: Exception | None = None  # that ends the recording at the next look
        self._lock = threading.RLock()
        self._messages = Worker("messages", max_bytes=MESSAGE_BYTES, failed=self._fail)
        self._is_closing = threading.Event()
        self._watch_thread = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._watch_thread.start()

    def start(self) -> Path:
        """Begin a recording and return its folder.

        Raises:
            RecordingStateError: one is going on.
            RecordingWriteError: its folder cannot be made, or the disk has too little left.
        """
        with self._lock:
            if self._recording is not None:
                raise RecordingStateError(f"{self._recording.folder} is being recorded: stop it first")
            recording = self._new_recording()
            self._failure, self._is_paused = None, False
            self._recording = recording
            for name, camera in self.cameras.items():
                camera.begin(recording.targets[name])
            return recording.folder

    def stop(self, *, reason: str = "") -> dict[str, Any]:
        """End the recording and return its summary.

        Args:
            reason: why, if not because somebody asked for it.

        Raises:
            RecordingStateError: there is none.
        """
        with self._lock:
            recording = self._current()
            for camera in self.cameras.values():
                try:
                    camera.end()
                except (RecorderError, TimeoutError) as error:
                    reason = reason or str(error)
            self._messages.call(lambda: None)  # what came before is written
            if self._failure is not None:  # that nobody has looked at yet
                reason = reason or str(self._failure)
            self._last = self.progress()  # until its books are closed
            self._recording = None
            self._summary = recording.close(reason=reason)
            self._last = self._progress_of(recording, "stopped", reason=self._summary["reason"])
            return self._summary

    def finish(self) -> dict[str, Any]:
        """End the recording, unless it has ended by itself, and return its summary; {} if there was none."""
        with self._lock:
            return self._summary if self._recording is None else self.stop()

    def pause(self) -> None:
        """Record nothing until resume(). Frames that come meanwhile are not lost: they are not wanted.

        Raises:
            RecordingStateError: there is no recording, or it is paused.
        """
        with self._lock:
            recording = self._current()
            if self._is_paused:
                raise RecordingStateError("the recording is paused already")
            self._is_paused = True
            for camera in self.cameras.values():
                camera.pause()
            recording.events.add("paused")

    def resume(self) -> None:
        """Go on.

        Raises:
            RecordingStateError: nothing is paused.
        """
        with self._lock:
            recording = self._current()
            if not self._is_paused:
                raise RecordingStateError("the recording is not paused")
            self._is_paused = False
            for camera in self.cameras.values():
                camera.resume()
            recording.events.add("resumed")

    def split(self) -> None:
        """Begin new files.

        Raises:
            RecordingStateError: there is no recording.
        """
        with self._lock:
            recording = self._current()
            for camera in self.cameras.values():
                camera.split()
            recording.bag.split()

    def snapshot(self) -> Path:
        """Write the last seconds that are kept in memory, and return their folder.

        Raises:
            RecordingStateError: none are kept.
            RecordingWriteError: the disk refuses.
        """
        if not self.settings.snapshot_secs:
            raise RecordingStateError("nothing is kept in memory: expected snapshot_secs above 0")
        with self._lock:
            kept = {name: camera for name, camera in self.cameras.items() if camera.has_kept}
            if not kept:
                raise RecordingStateError("no frame has come yet that a snapshot could hold")
            folder = self.settings.new_folder(suffix="_snapshot")
            snapshot = Recording(folder, cameras=list(kept), settings=self.settings)
            reason = ""
            try:
                for name, camera in kept.items():
                    camera.snapshot(snapshot.targets[name])
            except RecorderError as error:
                reason = str(error)
                raise
            finally:
                snapshot.close(reason=reason)
            return snapshot.folder

    def write_message(self, message: RosMessage) -> None:
        """Record tags or transforms, while there is a recording that is not paused."""
        recording = self._recording
        if recording is None or (self._is_paused and not message.is_latched):
            return
        if not self._messages.submit(lambda: recording.bag.write(message), len(message.data)):
            recording.events.add(f"a message on {message.topic} was lost: the disk cannot follow")

    def progress(self) -> Progress:
        """Return how it is going."""
        recording = self._recording
        if recording is None:
            return self._last
        return self._progress_of(recording, "paused" if self._is_paused else "recording")

    def close(self) -> None:
        """End the recording, if there is one, and all threads."""
        self._is_closing.set()
        self._watch_thread.join()
        with self._lock:
            if self._recording is not None:
                self.stop()
            for camera in self.cameras.values():
                camera.close()
            self._messages.close()

    def _new_recording(self) -> Recording:
        recording = Recording(self.settings.new_folder(), cameras=list(self.cameras), settings=self.settings)
        if recording.is_disk_low:
            reason = self._low_disk_text(recording)
            recording.close(reason=reason)
            raise RecordingWriteError(reason)
        return recording

    def _current(self) -> Recording:
        if self._recording is None:
            raise RecordingStateError("nothing is being recorded")
        return self._recording

    def _fail(self, error: Exception) -> None:
        if self._failure is None:
            _logger.debug("recording fails", exc_info=error)
            self._failure = error

    def _watch(self) -> None:
        while not self._is_closing.wait(WATCH_SECS):
            with self._lock:
                if self._recording is None:
                    continue
                reason = self._reason_to_end(self._recording)
                if not reason:
                    continue
                summary = self.stop(reason=reason)
            self._ended(summary)

    def _reason_to_end(self, recording: Recording) -> str:
        if self._failure is not None:
            return str(self._failure)
        if recording.is_disk_low:
            return self._low_disk_text(recording)
        try:
            recording.bag.tick()
            recording.write_books()
        except RecordingWriteError as error:
            return str(error)
        return ""

    def _low_disk_text(self, recording: Recording) -> str:
        return (
            f"the disk of {recording.folder} has {recording.free_bytes / 1e6:.0f} MB left: "
            f"expected at least {self.settings.keep_free_bytes / 1e6:.0f} MB"
        )

    def _progress_of(self, recording: Recording, state: str, *, reason: str = "") -> Progress:
        return Progress(
            state,
            recording.folder,
            recording.seconds,
            recording.written,
            recording.lost,
            recording.size,
            recording.free_bytes,
            sum(camera.waiting_bytes for camera in self.cameras.values()),
            reason,
            recording.lost_clouds,
        )
