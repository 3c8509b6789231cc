"""Take ten messages in a plain script, without an executor: `python take_wrench.py`."""

import rclpy
from geometry_msgs.msg import Wrench

from rclpy_loans import LoanSubscription, SampleOverwrittenError, apply_profile

apply_profile()
rclpy.init()
node = rclpy.create_node("take_wrench")
subscription = LoanSubscription(node, Wrench, "wrench")
for _ in range(10):
    sample = subscription.take(timeout=10.0)  # the newest one, as a view of the publisher's slot
    try:
        force = float(sample["force"]["x"])
        sample.check_valid()  # everything read so far belongs to this message
    except SampleOverwrittenError as error:
        print(error)
    else:
        print(f"{sample.info.publication_number}: {force:+.3f} N, zero-copy {sample.is_zero_copy}")
subscription.close()
node.destroy_node()
rclpy.try_shutdown()
