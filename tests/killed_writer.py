"""A process that publishes one frame and is killed before it can clean up."""

from __future__ import annotations

import os
import signal

import rclpy
from airo_camera_msgs.msg import Image640x480

from rclpy_loans import LoanPublisher, apply_profile

if __name__ == "__main__":
    apply_profile()
    rclpy.init()
    publisher = LoanPublisher(rclpy.create_node("killed"), Image640x480, "topic")
    with publisher.loan():
        pass
    os.kill(os.getpid(), signal.SIGKILL)
