"""Use a camera in a program that has a node and an executor of its own: beside_an_rclpy_node.py [CAMERA]."""

import sys
import threading

import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from std_msgs.msg import Float32

from airo_ros2 import Camera
from rclpy_loans import apply_profile

apply_profile()  # before rclpy.init(): your context needs the Fast DDS settings that let frames be shared
rclpy.init()
node = rclpy.create_node("brightness")
publisher = node.create_publisher(Float32, "brightness", 10)
node.create_timer(1.0, lambda: print("the executor goes on"))
executor = SingleThreadedExecutor()
executor.add_node(node)


def spin() -> None:
    """Run the callbacks, in a thread of their own."""
    try:
        executor.spin()
    except ExternalShutdownException:
        return


thread = threading.Thread(target=spin)
thread.start()
# node= reads with your node; without it the facade has one of its own, which is as good beside yours.
with Camera(sys.argv[1] if len(sys.argv) > 1 else "camera", node=node) as camera:
    for _ in range(10):
        with camera.borrow() as frame:  # a read-only view of the camera's memory
            brightness = float(frame.rgb[::8, ::8].mean())
            frame.check_valid()
        publisher.publish(Float32(data=brightness))
        print(f"frame {frame.sequence}: {brightness:.1f}")
executor.shutdown()
thread.join()
node.destroy_node()
rclpy.shutdown()
