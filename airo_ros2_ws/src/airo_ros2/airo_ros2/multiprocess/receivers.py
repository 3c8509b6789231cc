"""Readers of cameras that run in other processes, used as airo_camera_toolkit's."""

from __future__ import annotations

from airo_frames.point_cloud import PointCloud
from airo_ros2.camera import Camera
from airo_ros2.depth_camera import RGBDCamera, StereoRGBDCamera

__all__ = ["MultiprocessRGBDReceiver", "MultiprocessRGBReceiver", "MultiprocessStereoRGBDReceiver"]

PATIENCE_SECS = 30.0


class _Receiver(Camera):
    """What the toolkit's receivers have beside an interface of cameras."""

    def get_current_timestamp(self) -> float:
        """Return when the grabbed frame was acquired, s since the epoch."""
        return self.stamp

    def get_current_frame_id(self) -> int:
        """Return the number of the grabbed frame, counted by the camera from 0."""
        return self.sequence - 1

    def _grab_first(self) -> None:
        try:
            self.grab_images()
        except BaseException:
            self.close()
            raise


class MultiprocessRGBReceiver(_Receiver):
    """Reads a camera by its name; the first image is grabbed from the start, as in the toolkit.

    Args:
        shared_memory_namespace: name of the camera, whoever serves it.
        block_until_new_frame: grab_images() waits for a frame that it has not had; otherwise it keeps the one it has
            when there is no newer one.
        timeout: s, at most, of every wait. The toolkit's waits for ever.

    Raises:
        CameraNotFoundError, FrameTimeoutError: see airo_ros2.Camera.
    """

    def __init__(
        self, shared_memory_namespace: str, block_until_new_frame: bool = True, *, timeout: float = PATIENCE_SECS
    ) -> None:
        super().__init__(shared_memory_namespace, timeout=timeout)
        self._block_until_new_frame = block_until_new_frame
        self._grab_first()

    def grab_images(self, *, timeout: float | None = None, newest: bool | None = None, fresh: bool = False) -> None:
        """Keep the newest frame, see airo_ros2.Camera.grab_images(); wait for it only if it blocks until a new one."""
        if self._block_until_new_frame or self._frame is None or timeout is not None or fresh:
            super().grab_images(timeout=timeout, newest=newest, fresh=fresh)
            return
        frame = self._reader.poll(newest=newest is not False)
        if frame is not None:
            self._keep(frame)


class _DepthReceiver(_Receiver, RGBDCamera):
    def __init__(
        self, shared_memory_namespace: str, enable_pointcloud: bool = True, *, timeout: float = PATIENCE_SECS
    ) -> None:
        super().__init__(shared_memory_namespace, timeout=timeout)
        self.enable_pointcloud = enable_pointcloud
        self._grab_first()

    def retrieve_colored_point_cloud(self) -> PointCloud:
        """Return the points that the grabbed image, of a stereo camera the left one, sees; see airo_ros2.RGBDCamera.

        Raises:
            RuntimeError: enable_pointcloud is False.
        """
        if not self.enable_pointcloud:
            raise RuntimeError("the receiver was made with enable_pointcloud=False: it has no point cloud")
        return super().retrieve_colored_point_cloud()


class MultiprocessRGBDReceiver(_DepthReceiver):
    """Reads a camera with depth by its name; see MultiprocessRGBReceiver.

    Args:
        shared_memory_namespace: name of the camera, whoever serves it.
        enable_pointcloud: False forbids retrieve_colored_point_cloud(), as in the toolkit.
        timeout: s, at most, of every wait.

    Raises:
        WrongCameraError: the camera has no depth.
        CameraNotFoundError, FrameTimeoutError: see airo_ros2.Camera.
    """


class MultiprocessStereoRGBDReceiver(_DepthReceiver, StereoRGBDCamera):
    """Reads a stereo camera with depth by its name; see MultiprocessRGBDReceiver.

    Raises:
        WrongCameraError: the camera has no second view.
        CameraNotFoundError, FrameTimeoutError: see airo_ros2.Camera.
    """
