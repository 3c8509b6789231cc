"""Starting a camera in a process of its own, watching it and ending it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from airo_ros2.exceptions import CameraStartError, CameraStoppedError
from airo_ros2.names import checked_name
from airo_ros2.serving.events import ENDED, FAILED, Event, read_events
from airo_ros2.serving.request import ServingRequest, packed
from airo_ros2.session import clean_after_kill, close_at_exit

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["CameraServer", "serve_camera"]

# How long the process may take to end after each step before the next one.
ENDING = ((None, 3.0), (signal.SIGTERM, 1.0), (signal.SIGKILL, 5.0))
POLL_SECS = 0.02


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

    Raises:
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
    ) -> None:
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
        )
        self._process: subprocess.Popen[bytes] | None = None
        self._process_of_parent = os.getpid()
        self._events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()  # None: there will be no more
        self._last: Event | None = None  # the last one that was read
        self._thread: threading.Thread | None = None

    @property
    def name(self) -> str:
        """Name of the camera."""
        return self._request.name

    @property
    def process_id(self) -> int | None:
        """Process id of the camera; None before start()."""
        return None if self._process is None else self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether the camera's process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def exit_status(self) -> int | None:
        """How the camera's process ended, negative for a signal; None while it runs, and before start()."""
        return None if self._process is None else self._process.poll()

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
        self._spawn(content)
        try:
            event = self._next_event(timeout)
        except BaseException:
            self.close()
            raise
        if event is None or event.kind == FAILED:
            self.close()
            raise self._error(CameraStartError, "could not be started")
        return self

    def check(self) -> None:
        """Do nothing as long as the camera runs, or has come to the regular end of its files.

        Raises:
            CameraStoppedError: it failed; with the error of its process.
        """
        while not self._events.empty():
            self._last = self._events.get() or self._last
        has_ended = self._last is not None and self._last.kind == ENDED
        if self._process is not None and not self.is_running and not has_ended:
            raise self._error(CameraStoppedError, "has stopped")

    def wait(self, timeout: float) -> bool:
        """Wait for the end of the camera's process, at most `timeout` s, and return whether it has ended."""
        deadline = time.monotonic() + timeout
        while self.is_running and time.monotonic() < deadline:
            time.sleep(POLL_SECS)
        return not self.is_running

    def send_signal(self, number: int) -> None:
        """Send a signal to the camera's process, if it runs."""
        if self._process is not None:
            self._process.send_signal(number)

    def close(self) -> None:
        """End the camera and its process, the harder the longer it takes. Calling it again does nothing."""
        process = self._process
        if process is None or process.stdin is None or os.getpid() != self._process_of_parent:
            return
        if process.stdin.closed:
            return
        process.stdin.close()  # which is the order to end
        for signal_number, patience in ENDING:
            if signal_number is not None and process.poll() is None:
                process.send_signal(signal_number)
            if self.wait(patience):
                break
        if process.returncode != 0:
            clean_after_kill()
        if self._thread is not None:
            self._thread.join(1.0)

    def __enter__(self) -> Self:
        return self if self._process is not None else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _spawn(self, content: bytes) -> None:
        reading, writing = os.pipe()
        try:
            # A session of its own: Ctrl-C reaches this program alone, which then ends the camera in order.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "airo_ros2.serving.child", str(writing)],
                stdin=subprocess.PIPE,
                stdout=2,  # what a driver prints goes to stderr: stdout is this program's
                pass_fds=[writing],
                start_new_session=True,
            )
        finally:
            os.close(writing)
        close_at_exit(self)
        _serving.add(self)
        self._thread = threading.Thread(target=self._read_events, args=(reading,), daemon=True, name="camera events")
        self._thread.start()
        try:
            stdin = self._process.stdin
            if stdin is not None:
                stdin.write(content)
                stdin.flush()
        except BrokenPipeError:
            pass  # it has ended: there will be no event

    def _read_events(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb") as stream:
            for event in read_events(stream):
                self._events.put(event)
        self._events.put(None)

    def _next_event(self, timeout: float) -> Event | None:
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            raise CameraStartError(
                f"camera {self.name!r} gave no image within {timeout:g} s: look at what it says on stderr, "
                "or give it a longer timeout"
            ) from None
        self._last = event or self._last
        return event

    def _error(self, kind: type[CameraStartError], what: str) -> CameraStartError:
        if self._last is not None and self._last.kind == FAILED:
            text, traceback_text = self._last.text, self._last.traceback_text
        else:
            text, traceback_text = self._verdict(), ""
        error = kind(f"camera {self.name!r} {what}: {text}", traceback_text=traceback_text)
        if traceback_text:
            error.__cause__ = _RemoteTraceback(traceback_text)
        return error

    def _verdict(self) -> str:
        status = None if self._process is None else self._process.poll()
        if status is not None and status < 0:
            return f"its process was killed by {signal.Signals(-status).name}"
        return f"its process ended with status {status}; see what it said on stderr"


class _RemoteTraceback(Exception):
    """Shows the traceback of another process above ours."""

    def __str__(self) -> str:
        return "in the camera's process:\n" + str(self.args[0])


_serving: weakref.WeakSet[CameraServer] = weakref.WeakSet()


def _let_go_in_forked_child() -> None:
    """Leave the camera to the parent alone: it must see its stdin end when the parent ends."""
    for server in _serving:
        if server._process is not None and server._process.stdin is not None:
            server._process.stdin.close()


os.register_at_fork(after_in_child=_let_go_in_forked_child)
