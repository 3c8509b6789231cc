"""A process that publishes frames whose pixels are their number, as it is told: publish N SIZE ENCODING, quit."""

from __future__ import annotations

import re
import sys
import time

import rclpy

from airo_frames import FramePublisher, Intrinsics
from rclpy_loans import apply_profile

STAMP_NANOS = 1_700_000_000_123_456_789
INTRINSICS = Intrinsics.pinhole(600.0, 601.0, 320.5, 240.5)


def main() -> None:
    """Obey the lines on stdin."""
    apply_profile()
    rclpy.init()
    node = rclpy.create_node("camera")
    publisher = None
    print("ready", flush=True)
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "quit":
            break
        size_wh = tuple(int(number) for number in re.split("x", arguments[1]))
        encoding = arguments[2]
        if publisher is None:
            publisher = FramePublisher(
                node, "camera/frame", size_wh=size_wh, encoding=encoding, frame_id="camera_optical_frame"
            )
        for _ in range(int(arguments[0])):
            with publisher.borrow(
                stamp_nanos=STAMP_NANOS, size_wh=size_wh, encoding=encoding, intrinsics=INTRINSICS
            ) as image:
                image[...] = publisher.sequence + 1
            time.sleep(0.001)
        print(f"published {publisher.sequence} {publisher.format.type_name}", flush=True)
    node.destroy_node()
    rclpy.shutdown()


if __name__ == "__main__":
    main()
