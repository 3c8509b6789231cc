"""Recording cameras while a script does something else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from airo_ros2.exceptions import RecordingError
from airo_ros2.names import checked_name
from airo_ros2.recording.request import RecordingRequest
from airo_ros2.serving.child_process import ChildProcess, RemoteTraceback
from airo_ros2.serving.events import ENDED, FAILED
from airo_ros2.serving.request import packed_object

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Recorder"]

STOP_SECS = 60.0  # for what waits to be encoded and written


class Recorder:
    """Records running cameras in a process of its own: `with Recorder("front", "side") as recorder:`.

    The script's own work cannot delay the recording. It ends with the block, stop() or the script.

    Args:
        cameras: names.
        directory: where the folder of the recording is made.
        timeout: s, to wait for the first frame of each camera.
        transform: gets each image as it came (see Frame.image), and returns what is recorded instead.
        is_at_constant_rate: repeat images where frames are missing, so that the video has the camera's rate; otherwise
            it has the true times.
        settings: more of airo_recorder.settings.RecordingSettings, such as format="mcap" or codec="ffv1".

    Raises:
        CameraNameError: no camera can have such a name.
    """

    def __init__(
        self,
        *cameras: str,
        directory: str | Path = "recordings",
        timeout: float = 10.0,
        transform: Callable[[Any], Any] | None = None,
        is_at_constant_rate: bool = False,
        **settings: Any,
    ) -> None:
        self._request = RecordingRequest(
            cameras=tuple(map(checked_name, cameras or ("camera",))),
            settings={**settings, "directory": str(Path(directory).expanduser().absolute())},
            timeout=timeout,
            transform=transform,
            is_at_constant_rate=is_at_constant_rate,
        )
        self._process: ChildProcess | None = None
        self._folder: Path | None = None
        self._summary: Mapping[str, Any] = {}

    @property
    def folder(self) -> Path:
        """Where the recording is.

        Raises:
            RecordingError: it has not begun.
        """
        if self._folder is None:
            raise RecordingError("the recording has not begun: call start() first")
        return self._folder

    @property
    def summary(self) -> Mapping[str, Any]:
        """What was recorded, as in summary.json of the folder: written, lost, cameras, events; empty before stop()."""
        return self._summary

    @property
    def is_recording(self) -> bool:
        """Whether it records."""
        return self._folder is not None and self._process is not None and self._process.is_running

    def start(self) -> Self:
        """Wait for a frame of each camera, begin the recording, and return self.

        Raises:
            RecordingError: it could not begin; with the error of its process.
        """
        if self._process is not None:
            raise RecordingError("the recording has begun already: make another Recorder")
        content = packed_object(self._request, code=self._request.transform)
        self._process = ChildProcess("airo_ros2.recording.child", content, patience=STOP_SECS)
        try:
            event = self._process.next_event(len(self._request.cameras) * 2 * self._request.timeout + STOP_SECS)
        except BaseException:
            self._process.close()
            raise
        if event is None or event.kind == FAILED:
            self._process.close()
            raise self._error(self._process, "could not begin")
        self._folder = Path(event.text)
        return self

    def stop(self) -> Mapping[str, Any]:
        """End the recording, wait until everything is written, and return the summary.

        Raises:
            RecordingError: it has failed, or ended by itself, such as with a full disk; what it had written is there.
        """
        if self._process is None:
            raise RecordingError("the recording has not begun: call start() first")
        self._process.close()
        if self._process.has_failed or self._process.last is None or self._process.last.kind != ENDED:
            raise self._error(self._process, f"in {self._folder} has failed")
        self._summary = json.loads(self._process.last.text)
        if self._summary["reason"]:
            raise RecordingError(f"the recording in {self._folder} ended by itself: {self._summary['reason']}")
        return self._summary

    def __enter__(self) -> Self:
        return self if self._process is not None else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None or not self._process.is_open:
            return
        if kind is None:
            self.stop()
        else:  # the error of the block is what matters
            self._process.close()

    def _error(self, process: ChildProcess, what: str) -> RecordingError:
        text, traceback_text = process.why_it_failed()
        error = RecordingError(f"the recording of {', '.join(self._request.cameras)} {what}: {text}")
        if traceback_text:
            error.__cause__ = RemoteTraceback(traceback_text)
        return error
