"""Let an ordinary rclpy executor call back for each message: `python print_wrench.py`, Ctrl-C ends it."""

import rclpy
from geometry_msgs.msg import Wrench
from rclpy.executors import ExternalShutdownException

from rclpy_loans import LoanSubscription, Sample, apply_profile


def on_wrench(sample: Sample) -> None:
    """Print a message."""
    record = sample.copy()  # a whole message, or SampleOverwrittenError
    print(f"{sample.info.publication_number}: {record['force']['x']:+.3f} N", flush=True)


apply_profile()
rclpy.init()
node = rclpy.create_node("print_wrench")
subscription = LoanSubscription(node, Wrench, "wrench", on_wrench, newest=False)
try:
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
finally:
    subscription.close()
    node.destroy_node()
    rclpy.try_shutdown()
