"""`airo-ros2 record`."""
