"""Cameras in processes of their own, started as airo_camera_toolkit starts them."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from airo_ros2.serving.server import CameraServer

__all__ = ["MultiprocessRGBDPublisher", "MultiprocessRGBPublisher", "MultiprocessStereoRGBDPublisher"]

FOREVER_SECS = math.inf


class MultiprocessRGBPublisher:
    """A camera in a process of its own, with the methods of a multiprocessing.Process. Its colour image is published.

    Unlike the toolkit's, start() returns when the first frame is published, and raises what went wrong otherwise.
    It needs neither a start method nor an `if __name__ == "__main__"`.

    Args:
        camera_cls: class, or function, that makes a camera with airo-mono's interface; or a specification such as sim:.
        camera_kwargs: its arguments.
        shared_memory_namespace: name of the camera.

    Raises:
        CameraNameError: no camera can have such a name.
    """

    _family: ClassVar[str] = "Image"  # what is published of each frame

    def __init__(
        self,
        camera_cls: str | Callable[..., Any],
        camera_kwargs: Mapping[str, Any] | None = None,
        shared_memory_namespace: str = "camera",
    ) -> None:
        self.daemon = True  # it always ends with this process
        self._server = CameraServer(
            camera_cls, shared_memory_namespace, camera_kwargs=camera_kwargs, family=self._family
        )

    @property
    def name(self) -> str:
        """Name of the camera."""
        return self._server.name

    @property
    def pid(self) -> int | None:
        """Process id; None before start()."""
        return self._server.process_id

    @property
    def exitcode(self) -> int | None:
        """How the process ended, as a process of multiprocessing tells it; None while it runs."""
        return self._server.exit_status

    def start(self) -> None:
        """Start the camera and wait for its first frame, at most 60 s.

        Raises:
            CameraStartError: it did not start; with the error of its process.
        """
        self._server.start()

    def is_alive(self) -> bool:
        """Return whether the camera runs."""
        return self._server.is_running

    def stop(self) -> None:
        """End the camera."""
        self._server.close()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the camera has ended, at most `timeout` s."""
        self._server.wait(FOREVER_SECS if timeout is None else timeout)

    def terminate(self) -> None:
        """End the camera."""
        self._server.close()

    def kill(self) -> None:
        """End the camera's process at once; what it leaves in shared memory is removed."""
        self._server.send_signal(signal.SIGKILL)
        self._server.close()


class MultiprocessRGBDPublisher(MultiprocessRGBPublisher):
    """A camera in a process of its own, whose colour image and depth are published; see MultiprocessRGBPublisher.

    Args:
        camera_cls: class, or function, that makes a camera with airo-mono's interface.
        camera_kwargs: its arguments.
        shared_memory_namespace: name of the camera.
        enable_pointcloud: only for the toolkit's sake: no cloud is sent in any case, readers compute it from the depth.
    """

    _family = "Rgbd"

    def __init__(
        self,
        camera_cls: str | Callable[..., Any],
        camera_kwargs: Mapping[str, Any] | None = None,
        shared_memory_namespace: str = "camera",
        enable_pointcloud: bool = True,
    ) -> None:
        super().__init__(camera_cls, camera_kwargs, shared_memory_namespace)


class MultiprocessStereoRGBDPublisher(MultiprocessRGBDPublisher):
    """A stereo camera with depth in a process of its own; see MultiprocessRGBDPublisher."""

    _family = "StereoRgbd"
