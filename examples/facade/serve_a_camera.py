"""Serve a camera class of one's own in a process of its own, and read it here; other programs can read it, too."""

import time

import numpy as np

from airo_ros2 import Camera, serve_camera


class ColourWheel:
    """Every class with airo-mono's interface will do: Zed, Realsense, OpenCVVideoCapture, or this one."""

    resolution, fps = (640, 480), 30

    def __init__(self, speed: float) -> None:
        self._speed = speed

    def grab_images(self) -> None:
        """Wait for the next picture, as a device does."""
        time.sleep(1 / self.fps)
        self._phase = time.time() * self._speed

    def retrieve_rgb_image_as_int(self) -> np.ndarray:
        """Return the picture, uint8 RGB."""
        waves = np.sin(self._phase + np.arange(640)[:, None] / 100 + np.array([0, 2.1, 4.2]))
        return np.broadcast_to((127 + 127 * waves).astype(np.uint8), (480, 640, 3))


with serve_camera(ColourWheel, "wheel", camera_kwargs={"speed": 2.0}), Camera("wheel") as camera:
    for frame, _ in zip(camera.stream(), range(5), strict=False):
        print(f"frame {frame.sequence}: {frame.rgb.mean(axis=(0, 1)).round()}")
