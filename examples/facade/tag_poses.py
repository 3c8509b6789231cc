"""Print where the tags in front of a camera are, and wait for one of them: tag_poses.py [CAMERA [TAG]]."""

import sys

from airo_ros2 import TagPoses

with TagPoses(sys.argv[1] if len(sys.argv) > 1 else "camera") as tags:
    for tag_id, pose in tags.read().items():
        x, y, z = pose.camera_from_tag[:3, 3]
        print(f"tag {tag_id}: {x:+.3f} {y:+.3f} {z:.3f} m")
    pose = tags.wait_for(int(sys.argv[2]) if len(sys.argv) > 2 else 0, timeout=5.0)
    print(pose.camera_from_tag)  # (4, 4): a point of the tag, in the camera frame
