"""Show one's own results in rviz2 or Foxglove, as /<camera>/edges/image_raw: annotate.py [CAMERA [IMAGES]]."""

import sys

import cv2

from airo_ros2 import Camera, publish_image

name = sys.argv[1] if len(sys.argv) > 1 else "camera"
count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
with Camera(name) as camera:
    for _ in range(count):
        camera.grab_images()
        edges = cv2.Canny(camera.retrieve_rgb_image_as_int(), 100, 200)
        publish_image(f"{name}/edges", edges, like=camera)  # with the time, frame id and intrinsics of the camera
print(f"{count} images, {camera.drops} of the camera's were skipped meanwhile")
