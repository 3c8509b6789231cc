"""A camera process: publishes one 1080p image again and again, as fast as it is told.

Frames are stamped before their pixels are written, as those of real cameras are; at its end it prints how long writing
took (median, ms), which is part of every latency and none of the node's.
"""

from __future__ import annotations

import statistics
import sys
import time

import rclpy

from airo_frames import FramePublisher, Intrinsics
from airo_frames.interruption import Interruption
from rclpy_loans import apply_profile
from tags_node.sequences import SEQUENCES, SIZE_WH, images

INTRINSICS = Intrinsics.pinhole(1400.0, 1400.0, 959.5, 539.5)


def main() -> None:
    """Publish on /bench/frame until Ctrl-C: arguments are the encoding and the rate, Hz."""
    encoding, rate = sys.argv[1], float(sys.argv[2])
    sequence = next(one for one in SEQUENCES if one.name.startswith("five"))
    gray, _ = next(images(sequence))
    picture = gray if encoding == "mono8" else gray[..., None].repeat(3, axis=2)
    apply_profile()
    rclpy.init(signal_handler_options=rclpy.signals.SignalHandlerOptions.NO)
    node = rclpy.create_node("camera", namespace="/bench")
    publisher = FramePublisher(node, "frame", size_wh=SIZE_WH, encoding=encoding, frame_id="bench_optical_frame")
    times = []
    with Interruption() as interruption:
        due = time.perf_counter()
        while not interruption.is_set:
            stamp = time.time_ns()
            with publisher.borrow(
                stamp_nanos=stamp, size_wh=SIZE_WH, encoding=encoding, intrinsics=INTRINSICS
            ) as image:
                image[...] = picture
                times.append((time.time_ns() - stamp) / 1e6)
            due = max(due + 1 / rate, time.perf_counter())
            time.sleep(max(0.0, due - time.perf_counter()))
    publisher.close()
    node.destroy_node()
    rclpy.shutdown()
    print(statistics.median(times))


if __name__ == "__main__":
    main()
