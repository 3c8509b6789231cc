"""A process that publishes frames and tags until its stdin ends, every fifth number left out."""

from __future__ import annotations

import select
import sys
import time

import rclpy
from airo_camera_msgs.msg import TagDetections

from airo_frames import FramePublisher
from airo_frames.stamps import write_stamp
from rclpy_loans import LoanPublisher, apply_profile, loan_qos

SIZE_WH = (640, 480)
PERIOD_SECS = 0.01


def main() -> None:
    """Publish on /front/frame and /front/tags, with the time of now as the time of acquisition."""
    apply_profile()
    rclpy.init()
    node = rclpy.create_node("front")
    frames = FramePublisher(node, "/front/frame", size_wh=SIZE_WH, encoding="rgb8", frame_id="front")
    tags = LoanPublisher(node, TagDetections, "/front/tags", qos=loan_qos(16, reliable=True))
    number = 0
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], PERIOD_SECS)[0]:
        number += 2 if number % 5 == 4 else 1
        stamp_nanos = time.time_ns()
        with frames.borrow(stamp_nanos=stamp_nanos, size_wh=SIZE_WH, encoding="rgb8", sequence=number) as image:
            image[0] = number % 256
        with tags.loan(sequence=number) as message:
            write_stamp(message["stamp"], stamp_nanos)
            message["count"] = 0
    node.destroy_node()
    rclpy.shutdown()


if __name__ == "__main__":
    main()
