"""A video of a camera, written by a process of its own, as airo_camera_toolkit starts it."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from airo_ros2.recording.recorder import Recorder

__all__ = ["MultiprocessVideoRecorder"]


class MultiprocessVideoRecorder:
    """Writes a video of a camera from start() to stop().

    Unlike the toolkit's it needs no ffmpeg program and writes H.264; start() raises what goes wrong, stop() returns
    when the file is complete, and vertical images stay vertical.

    Args:
        shared_memory_namespace: name of the camera.
        video_path: of the file, .mp4 or .mkv; by default output/<time>.mp4.
        image_transform: with transform_image(image), such as the toolkit's; or a function.
        fill_missing_frames: repeat an image where frames are missing, at the camera's rate; otherwise the video has the
            true times.
        timeout: s, to wait for the camera. The toolkit's waits for ever.
    """

    def __init__(
        self,
        shared_memory_namespace: str,
        video_path: str | Path | None = None,
        image_transform: Any = None,
        fill_missing_frames: bool = True,
        *,
        timeout: float = 30.0,
    ) -> None:
        default = Path("output") / f"{time.strftime('%H-%M-%S')}-{time.time_ns() // 1_000_000 % 1000:03d}.mp4"
        self.video_path = Path(default if video_path is None else video_path).absolute()
        self._directory = Path()  # of the parts, beside the video
        self._options: dict[str, Any] = {
            "format": self.video_path.suffix.lstrip(".") or "mp4",
            "transform": getattr(image_transform, "transform_image", image_transform),
            "is_at_constant_rate": fill_missing_frames,
            "timeout": timeout,
            "streams": ("image",),  # one video: the toolkit's has no more of cameras with depth either
        }
        self._camera = shared_memory_namespace
        self._recorder: Recorder | None = None

    def start(self) -> None:
        """Wait for the camera and begin.

        Raises:
            RecordingError: it could not begin; with the reason.
        """
        self.video_path.parent.mkdir(parents=True, exist_ok=True)
        self._directory = Path(tempfile.mkdtemp(prefix=f".{self.video_path.stem}_", dir=self.video_path.parent))
        self._recorder = Recorder(self._camera, directory=self._directory, **self._options)
        try:
            self._recorder.start()
        except BaseException:
            shutil.rmtree(self._directory)
            raise

    def stop(self) -> None:
        """End the video, and wait until it is complete.

        When the images have changed their size meanwhile there are more files, numbered from _1 on.

        Raises:
            RecordingError: it has failed; what had been written is there.
        """
        if self._recorder is None:
            return
        recorder, self._recorder = self._recorder, None
        try:
            recorder.stop()
        finally:
            videos = sorted(recorder.folder.glob(f"*{self.video_path.suffix}"))
            for number, video in enumerate(videos):
                name = self.video_path.name if number == 0 else f"{self.video_path.stem}_{number}{video.suffix}"
                video.replace(self.video_path.with_name(name))
            shutil.rmtree(self._directory)

    def is_alive(self) -> bool:
        """Return whether it records."""
        return self._recorder is not None and self._recorder.is_recording

    def join(self, timeout: float | None = None) -> None:
        """Do nothing: stop() has waited for the end."""
