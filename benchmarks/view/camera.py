"""A camera that costs little: `python -m view.camera WIDTH HEIGHT RATE` shows frames that were made before."""

from __future__ import annotations

import itertools
import json
import sys
import time

import numpy as np
import rclpy
from numpy.typing import NDArray
from rclpy.signals import SignalHandlerOptions

from airo_camera.sources.spec import make_source
from airo_frames import FramePublisher
from airo_frames.interruption import Interruption
from rclpy_loans import apply_profile

__all__ = ["main"]

FRAMES = 8  # that are made before and shown in turn
TOPIC = "/bench/frame"


def main() -> int:
    """Publish until SIGINT or SIGTERM, and print how regularly as JSON."""
    width, height, rate = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    frames = _rendered(width, height)
    apply_profile()
    with Interruption() as interruption:
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        node = rclpy.create_node("bench_camera")
        publisher = FramePublisher(node, TOPIC, size_wh=(width, height), encoding="rgb8", frame_id="bench")
        print("ready", flush=True)
        start = due = last = time.monotonic()
        longest = 0.0
        for count in itertools.count(1):
            due += 1 / rate
            time.sleep(max(0.0, due - time.monotonic()))
            with publisher.borrow(stamp_nanos=time.time_ns(), size_wh=(width, height), encoding="rgb8") as image:
                image[:] = frames[count % FRAMES]
            now = time.monotonic()
            longest, last = max(longest, now - last), now
            if interruption.is_set:
                break
        publisher.close()
        node.destroy_node()
        rclpy.try_shutdown()
    print(json.dumps({"rate": count / (last - start), "longest_gap_ms": longest * 1e3}), flush=True)
    return 0


def _rendered(width: int, height: int) -> list[NDArray[np.uint8]]:
    frames = []
    with make_source(f"sim:tags?width={width}&height={height}") as source:
        for _ in range(FRAMES):
            grabbed = source.grab()
            assert grabbed is not None  # the simulation does not end
            frames.append(np.zeros((height, width, 3), np.uint8))
            source.retrieve(frames[-1])
    return frames


if __name__ == "__main__":
    sys.exit(main())
