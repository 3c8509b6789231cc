"""Publish a plain message without a copy: `python publish_wrench.py`, beside take_wrench.py or print_wrench.py.

Any message of fixed size will do, yours too: geometry_msgs/Wrench is six numbers.
"""

import math
import time

import rclpy
from geometry_msgs.msg import Wrench

from rclpy_loans import LoanPublisher, apply_profile

apply_profile()  # before rclpy starts
rclpy.init()
node = rclpy.create_node("force_sensor")
publisher = LoanPublisher(node, Wrench, "wrench")
try:
    while rclpy.ok():
        with publisher.loan() as message:  # a slot of shared memory; what it holds now is undefined
            message["force"]["x"] = math.sin(time.monotonic())
            message["force"]["y"] = message["force"]["z"] = 0.0
            message["torque"].fill(0)
        time.sleep(0.01)
except KeyboardInterrupt:
    pass
finally:
    node.destroy_node()
    rclpy.try_shutdown()
