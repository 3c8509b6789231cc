"""The camera of the benchmark, in a process of its own: PICTURES topic|pipe SECONDS.

It publishes on /front/frame, or writes raw frames to stdout; at 30 Hz in both cases, without waiting for anybody.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recorder.pictures import FPS, SIZE_WH, load_pictures


def main() -> None:
    """Send frames for the time that was asked for."""
    pictures = load_pictures(Path(sys.argv[1]))
    count = round(float(sys.argv[3]) * FPS)
    send, close = _topic() if sys.argv[2] == "topic" else _pipe()
    start = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, start + number / FPS - time.monotonic()))
        send(pictures[number % len(pictures)])
    close()


Sender = tuple[Callable[[NDArray[np.uint8]], object], Callable[[], None]]  # sends a frame; ends


def _topic() -> Sender:
    import rclpy

    from airo_frames import FramePublisher
    from rclpy_loans import apply_profile

    apply_profile()
    rclpy.init()
    node = rclpy.create_node("front")
    frames = FramePublisher(node, "/front/frame", size_wh=SIZE_WH, encoding="rgb8", frame_id="front")

    def close() -> None:
        frames.close()
        node.destroy_node()
        rclpy.shutdown()

    return lambda picture: frames.publish(picture, stamp_nanos=time.time_ns(), encoding="rgb8"), close


def _pipe() -> Sender:
    return lambda picture: sys.stdout.buffer.write(picture.data), sys.stdout.buffer.close


if __name__ == "__main__":
    main()
