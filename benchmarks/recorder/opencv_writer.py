"""A recorder as people write one with OpenCV: FILE. It ends with SIGINT."""

from __future__ import annotations

import sys

import cv2
import rclpy
from rclpy.signals import SignalHandlerOptions

from airo_frames import FrameSubscription, FrameTimeoutError
from airo_frames.interruption import Interruption
from rclpy_loans import apply_profile
from recorder.pictures import FPS, SIZE_WH


def main() -> None:
    """Write every frame of /front/frame."""
    apply_profile()
    interruption = Interruption()
    interruption.install()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node("opencv_writer")
    frames = FrameSubscription(node, "/front/frame")
    writer = cv2.VideoWriter(sys.argv[1], cv2.VideoWriter.fourcc(*"mp4v"), FPS, SIZE_WH)
    while not interruption.is_set:
        try:
            frame = frames.take(0.2, newest=False)
        except FrameTimeoutError:
            continue
        writer.write(cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR))
    writer.release()
    frames.close()
    node.destroy_node()
    rclpy.shutdown()


if __name__ == "__main__":
    main()
