"""Record a camera while working with its images: record_while_processing.py [CAMERA [FOLDER]]."""

import sys

from airo_ros2 import Camera, Recorder

name = sys.argv[1] if len(sys.argv) > 1 else "camera"
folder = sys.argv[2] if len(sys.argv) > 2 else "recordings"
# The recorder has a process of its own: however long an image takes here, no frame of the recording is late.
with Recorder(name, directory=folder) as recorder, Camera(name) as camera:
    for _ in range(20):
        camera.grab_images()
        brightness = camera.retrieve_rgb_image().mean()
    print(f"processed frame {camera.sequence}, brightness {brightness:.2f}, {camera.drops} skipped")
print(f"{recorder.folder}: {recorder.summary['written']} frames, {recorder.summary['lost']} lost")
