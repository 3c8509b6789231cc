"""Pair the images of two running cameras by their times: two_cameras.py LEFT RIGHT."""

import sys

from airo_ros2 import Camera

left_name, right_name = sys.argv[1:3]
with Camera(left_name, newest=False) as left, Camera(right_name, newest=False) as right:
    period = 1 / max(left.fps, right.fps)
    left.grab_images()
    right.grab_images()
    pairs = 0
    while pairs < 5:
        apart = left.stamp - right.stamp
        if abs(apart) <= period:
            pairs += 1
            print(f"{left.sequence} and {right.sequence} are {1e3 * apart:+.1f} ms apart")
        if apart < 0:  # whichever is behind goes on
            left.grab_images()
        else:
            right.grab_images()
