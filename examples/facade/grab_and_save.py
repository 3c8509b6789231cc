"""Save one image of a running camera as a PNG file: grab_and_save.py [CAMERA [FILE]]."""

import sys

import cv2

from airo_ros2 import Camera

name = sys.argv[1] if len(sys.argv) > 1 else "camera"
path = sys.argv[2] if len(sys.argv) > 2 else f"{name}.png"
with Camera(name) as camera:
    camera.grab_images()
    image = camera.retrieve_rgb_image_as_int()  # (height, width, 3) uint8 RGB
cv2.imwrite(path, image[..., ::-1])  # OpenCV writes BGR
print(f"{path}: {image.shape[1]} x {image.shape[0]} px")
