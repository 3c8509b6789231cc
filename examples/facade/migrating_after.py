"""Publish a camera of one's own and read it: migrating_before.py and migrating_after.py differ in one import."""

import time

import numpy as np
from airo_ros2 import multiprocess
from airo_camera_toolkit.interfaces import RGBCamera


class Ramp(RGBCamera):
    """A camera as the toolkit wants it."""

    def __init__(self, level: int) -> None:
        self._level = level

    @property
    def resolution(self) -> tuple[int, int]:
        """(width, height), px."""
        return 640, 480

    @property
    def fps(self) -> float:
        """Images per second."""
        return 30

    def intrinsics_matrix(self) -> np.ndarray:
        """Return a pinhole."""
        return np.array([[600.0, 0.0, 319.5], [0.0, 600.0, 239.5], [0.0, 0.0, 1.0]])

    def grab_images(self) -> None:
        """Wait for the next image."""
        time.sleep(1 / 30)

    def retrieve_rgb_image(self) -> np.ndarray:
        """Return the image, float32 from 0 to 1."""
        return self.retrieve_rgb_image_as_int().astype(np.float32) / 255

    def retrieve_rgb_image_as_int(self) -> np.ndarray:
        """Return the image, uint8."""
        return np.full((480, 640, 3), self._level, np.uint8)


if __name__ == "__main__":
    publisher = multiprocess.MultiprocessRGBPublisher(Ramp, {"level": 51}, shared_memory_namespace="ramp")
    publisher.start()
    receiver = multiprocess.MultiprocessRGBReceiver("ramp")
    for _ in range(3):
        receiver.grab_images()
        image = receiver.retrieve_rgb_image()
        print(receiver.resolution, image.dtype, round(float(image.mean()), 3), isinstance(receiver, RGBCamera))
    publisher.stop()
    publisher.join()
