"""A process that publishes frames or clouds filled with their number, as told: publish N SIZE ENCODING FAMILY, quit."""

from __future__ import annotations

import re
import sys
import time
from typing import Any

import numpy as np
import rclpy

from airo_frames import FramePublisher, Intrinsics, PointCloudPublisher, RgbdPublisher, StereoRgbdPublisher
from rclpy_loans import apply_profile

STAMP_NANOS = 1_700_000_000_123_456_789
LEFT = Intrinsics.pinhole(600.0, 601.0, 320.5, 240.5)
RIGHT = Intrinsics(np.array([[610.0, 0, 300], [0, 611, 200], [0, 0, 1]]), distortion=np.arange(8) / 100)
LEFT_FROM_RIGHT = np.array([[1.0, 0, 0, 0.12], [0, 1, 0, 0.001], [0, 0, 1, 0], [0, 0, 0, 1]])
CONFIDENCE = 0.25


def publish(publishers: dict[str, Any], node: Any, size_wh: tuple[int, int], encoding: str, family: str) -> Any:
    """Publish one message of a family, and return its publisher."""
    kinds = {"Image": FramePublisher, "Rgbd": RgbdPublisher, "StereoRgbd": StereoRgbdPublisher}
    if family == "PointCloud":
        count = size_wh[0] * size_wh[1]
        if family not in publishers:
            publishers[family] = PointCloudPublisher(node, "camera/cloud", count=count, frame_id="camera_optical_frame")
        number = publishers[family].sequence + 1
        with publishers[family].borrow(stamp_nanos=STAMP_NANOS, count=count, size_wh=size_wh, intrinsics=LEFT) as cloud:
            cloud.points[...], cloud.colors[...] = number, number % 256
        return publishers[family]
    for other in publishers.keys() - {family, "PointCloud"}:
        publishers.pop(other).close()
    if family not in publishers:
        publishers[family] = kinds[family](
            node, "camera/frame", size_wh=size_wh, encoding=encoding, frame_id="camera_optical_frame"
        )
    number = publishers[family].sequence + 1
    given: dict[str, Any] = {"intrinsics": LEFT}
    if family == "StereoRgbd":
        given |= {"right_intrinsics": RIGHT, "left_from_right": LEFT_FROM_RIGHT}
    if family != "Image":
        given["has_confidence"] = number % 2 == 1
    with publishers[family].borrow(stamp_nanos=STAMP_NANOS, size_wh=size_wh, encoding=encoding, **given) as planes:
        image = planes if family == "Image" else planes.image
        image[...] = number % 256
        if family != "Image":
            planes.depth[...] = number
            if planes.confidence is not None:
                planes.confidence[...] = CONFIDENCE
        if family == "StereoRgbd":
            planes.right[...] = (number + 1) % 256
    return publishers[family]


def main() -> None:
    """Obey the lines on stdin."""
    apply_profile()
    rclpy.init()
    node = rclpy.create_node("camera")
    publishers: dict[str, Any] = {}
    print("ready", flush=True)
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "quit":
            break
        width, height = (int(number) for number in re.split("x", arguments[1]))
        for _ in range(int(arguments[0])):
            publisher = publish(publishers, node, (width, height), arguments[2], arguments[3])
            time.sleep(0.001)
        print(f"published {publisher.sequence} {publisher.format.type_name}", flush=True)
    node.destroy_node()
    rclpy.shutdown()


if __name__ == "__main__":
    main()
