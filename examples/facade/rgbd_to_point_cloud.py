"""Write what an RGB-D camera sees as a point cloud: rgbd_to_point_cloud.py [CAMERA [FILE.ply]]."""

import sys

import numpy as np

from airo_ros2 import RGBDCamera

name = sys.argv[1] if len(sys.argv) > 1 else "camera"
path = sys.argv[2] if len(sys.argv) > 2 else f"{name}.ply"
with RGBDCamera(name) as camera:
    camera.grab_images()
    depth = camera.retrieve_depth_map()  # (height, width) float32, m, NaN where unknown; of the same frame as the cloud
    cloud = camera.retrieve_colored_point_cloud()  # points (N, 3) float32, m, and colors (N, 3) uint8
vertices = np.empty(len(cloud.points), [("points", "<f4", 3), ("colors", "u1", 3)])
vertices["points"], vertices["colors"] = cloud.points, cloud.colors
properties = [f"property float {axis}" for axis in "xyz"] + [f"property uchar {c}" for c in ("red", "green", "blue")]
head = ["ply", "format binary_little_endian 1.0", f"element vertex {len(vertices)}", *properties, "end_header"]
with open(path, "wb") as file:
    file.write("\n".join([*head, ""]).encode() + vertices.tobytes())
print(f"{path}: {len(vertices)} points, {np.nanmin(depth):.3f} to {np.nanmax(depth):.3f} m away")
