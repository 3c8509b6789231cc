"""The camera with depth of the benchmark, in a process of its own: SECONDS.

Depths are those of a simulated scene with what real ones have: noise of 2 mm, and holes.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import rclpy
from numpy.typing import NDArray

from airo_camera.sources.spec import make_source
from airo_frames import RgbdPublisher
from rclpy_loans import apply_profile
from recorder.pictures import FPS

SIZE_WH = (1280, 720)
COUNT = 8
Planes = tuple[NDArray[Any], NDArray[np.float32], NDArray[np.float32]]


def main() -> None:
    """Publish frames on /front/frame at 30 Hz, without waiting for anybody."""
    frames = _frames()
    apply_profile()
    rclpy.init()
    node = rclpy.create_node("front")
    publisher = RgbdPublisher(node, "/front/frame", size_wh=SIZE_WH, encoding="rgb8", frame_id="front")
    start = time.monotonic()
    for number in range(round(float(sys.argv[1]) * FPS)):
        time.sleep(max(0.0, start + number / FPS - time.monotonic()))
        publisher.publish(*frames[number % COUNT], stamp_nanos=time.time_ns(), encoding="rgb8")
    publisher.close()
    node.destroy_node()
    rclpy.shutdown()


def _frames() -> list[Planes]:
    width, height = SIZE_WH
    random = np.random.default_rng(0)
    frames = []
    with make_source(f"sim:?depth=1&width={width}&height={height}&tags=6&noise=1.5&fps=1000") as source:
        for _ in range(COUNT):
            source.grab()
            image = np.empty((height, width, 3), np.uint8)
            depth, confidence = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
            source.retrieve(image)
            source.retrieve_depth(depth)
            source.retrieve_confidence(confidence)
            depth += random.normal(scale=0.002, size=depth.shape).astype(np.float32)
            depth[np.kron(random.random((height // 8, width // 8)) < 0.05, np.ones((8, 8), bool))] = np.nan
            frames.append((image, depth, confidence))
    return frames


if __name__ == "__main__":
    main()
