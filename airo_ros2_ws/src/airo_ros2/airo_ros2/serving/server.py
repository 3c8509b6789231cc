"""Starting a camera in a process of its own, watching it and ending it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from airo_frames.formats import FRAME_FAMILIES
from airo_ros2.exceptions import CameraStartError, CameraStoppedError
from airo_ros2.names import checked_name
from airo_ros2.serving.child_process import ChildProcess, RemoteTraceback
from airo_ros2.serving.events import FAILED
from airo_ros2.serving.request import ServingRequest, packed

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["CameraServer", "serve_camera"]


def serve_camera(
    camera: str | Callable[..., Any], name: str = "camera", *, timeout: float = 60.0, **options: Any
) -> CameraServer:
    """Start a camera in a process of its own, wait for its first frame, and return its server.

    `with serve_camera("sim:", "front"):` ends it after the block; otherwise it ends with this process, in any way.

    Args:
        camera: what to serve, see CameraServer.
        name: of the camera; `Camera(name)` reads it, here and in other processes.
        timeout: s, until the first frame.
        options: the other arguments of CameraServer.

    Raises:
        CameraStartError: it did not start; with the error of its process.
    """
    return CameraServer(camera, name, **options).start(timeout=timeout)


class CameraServer:
    """A camera in a process of its own. A context manager: entering starts it, leaving ends it.

    Args:
        camera: a specification as for `airo-ros2 bringup --source` (sim:, files, a video, a URL, /dev/video0,
            airo:module.Class), or a class or function that makes a camera with airo-mono's interface. Functions and
            classes may be of a script or a notebook; they need no `if __name__ == "__main__"`.
        name: of the camera.
        camera_kwargs: arguments of the class or function.
        rate: images per second of a source of files; or at most, of a camera object that does not wait itself.
        loop: begin a source of files again at its end.
        calibration: YAML file in the camera_info format; by default what the source knows.
        frame_id: optical frame; by default <name>_optical_frame.
        depth: frames kept in shared memory for readers.
        family: what is sent of each frame, at most: Image, Rgbd (its depth, too) or StereoRgbd (all that there is).

    Raises:
        ValueError: there is no such family.
        CameraNameError: no camera can have such a name.
        CameraStartError: `camera` is an object: a device can be opened only in the process that reads it.
    """

    def __init__(
        self,
        camera: str | Callable[..., Any],
        name: str = "camera",
        *,
        camera_kwargs: Mapping[str, Any] | None = None,
        rate: float | None = None,
        loop: bool = False,
        calibration: str | Path = "",
        frame_id: str = "",
        depth: int = 4,
        family: str = FRAME_FAMILIES[-1],
    ) -> None:
        if family not in FRAME_FAMILIES:
            raise ValueError(f"got the family {family!r}: expected one of {', '.join(FRAME_FAMILIES)}")
        if not isinstance(camera, str) and not callable(camera):
            raise CameraStartError(
                f"got a {type(camera).__name__} object to serve: expected its class or a function that makes it "
                f"(serve_camera({type(camera).__name__}, camera_kwargs=...)), since a device belongs to the process "
                "that opens it"
            )
        self._request = ServingRequest(
            name=checked_name(name),
            camera=camera,
            camera_kwargs=dict(camera_kwargs or {}),
            rate=rate,
            loop=loop,
            calibration=str(Path(calibration).expanduser().absolute()) if calibration else "",
            frame_id=frame_id,
            depth=depth,
            family=family,
        )
        self._process: ChildProcess | None = None

    @property
    def name(self) -> str:
        """Name of the camera."""
        return self._request.name

    @property
    def process_id(self) -> int | None:
        """Process id of the camera; None before start()."""
        return None if self._process is None else self._process.process_id

    @property
    def is_running(self) -> bool:
        """Whether the camera's process runs."""
        return self._process is not None and self._process.is_running

    @property
    def exit_status(self) -> int | None:
        """How the camera's process ended, negative for a signal; None while it runs, and before start()."""
        return None if self._process is None else self._process.exit_status

    def start(self, *, timeout: float = 60.0) -> Self:
        """Start the process and wait for the first frame; return self.

        Args:
            timeout: s; some cameras take long to open.

        Raises:
            CameraStartError: it did not start, or has been started before; with the error of its process.
        """
        if self._process is not None:
            raise CameraStartError(f"camera {self.name!r} has been started already: make another CameraServer")
        content = packed(self._request)
        self._process = ChildProcess("airo_ros2.serving.child", content)
        try:
            event = self._process.next_event(timeout)
        except TimeoutError:
            self.close()
            raise CameraStartError(
                f"camera {self.name!r} gave no image within {timeout:g} s: look at what it says on stderr, "
                "or give it a longer timeout"
            ) from None
        except BaseException:
            self.close()
            raise
        if event is None or event.kind == FAILED:
            self.close()
            raise self._error(self._process, CameraStartError, "could not be started")
        return self

    def check(self) -> None:
        """Do nothing as long as the camera runs, or has come to the regular end of its files.

        Raises:
            CameraStoppedError: it failed; with the error of its process.
        """
        if self._process is not None and self._process.has_failed:
            raise self._error(self._process, CameraStoppedError, "has stopped")

    def wait(self, timeout: float) -> bool:
        """Wait for the end of the camera's process, at most `timeout` s, and return whether it has ended."""
        return self._process is None or self._process.wait(timeout)

    def send_signal(self, number: int) -> None:
        """Send a signal to the camera's process, if it runs."""
        if self._process is not None:
            self._process.send_signal(number)

    def close(self) -> None:
        """End the camera and its process, the harder the longer it takes. Calling it again does nothing."""
        if self._process is not None:
            self._process.close()

    def __enter__(self) -> Self:
        return self if self._process is not None else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _error(self, process: ChildProcess, kind: type[CameraStartError], what: str) -> CameraStartError:
        text, traceback_text = process.why_it_failed()
        error = kind(f"camera {self.name!r} {what}: {text}", traceback_text=traceback_text)
        if traceback_text:
            error.__cause__ = RemoteTraceback(traceback_text)
        return error
