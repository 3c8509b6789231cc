"""Point clouds as sensor_msgs/PointCloud2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from airo_recorder.cdr import CdrWriter
from airo_recorder.frame_head import FrameHead
from airo_recorder.ros_messages import RosMessage, message_of

__all__ = ["CLOUD", "OwnCloud", "cloud_message"]

CLOUD = "points"  # below the camera's name, where the relay has it
_FLOAT32 = 7
# As PCL and rviz2 lay out XYZRGB: the colour is 0x00RRGGBB in the bits of a float.
_COLOURED = np.dtype([("xyz", np.float32, 3), ("rgb", np.uint32)])


@dataclass(frozen=True, eq=False)
class OwnCloud:
    """Points in memory of our own.

    Attributes:
        points: (N, 3) float32, m, in the optical frame.
        colors: (N, 3) uint8 RGB, None without.
    """

    points: NDArray[np.float32]
    colors: NDArray[np.uint8] | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of points and colours."""
        return self.points.nbytes + (0 if self.colors is None else self.colors.nbytes)


def cloud_message(camera: str, head: FrameHead, cloud: OwnCloud) -> RosMessage:
    """Return a cloud with the fields x, y, z and, if it has colours, rgb."""
    names = ("x", "y", "z") if cloud.colors is None else ("x", "y", "z", "rgb")
    count, step = len(cloud.points), 4 * len(names)
    writer = CdrWriter()
    writer.header(head.stamp_nanos, head.frame_id)
    writer.number("I", 1, count)
    writer.number("I", len(names))
    for index, name in enumerate(names):
        writer.text(name)
        writer.number("I", 4 * index)
        writer.number("B", _FLOAT32)
        writer.number("I", 1)
    writer.number("B", 0)
    writer.number("I", step, step * count)
    is_dense = bool(np.isfinite(cloud.points).all())
    data = writer.bytes_last(_packed(cloud).data.cast("B"), tail=bytes([is_dense]))
    return message_of(head, f"/{camera}/{CLOUD}", "sensor_msgs/msg/PointCloud2", data)


def _packed(cloud: OwnCloud) -> NDArray[np.uint8]:
    if cloud.colors is None:
        return np.ascontiguousarray(cloud.points).reshape(-1).view(np.uint8)
    packed = np.empty(len(cloud.points), _COLOURED)
    packed["xyz"] = cloud.points
    red, green, blue = (cloud.colors[:, channel].astype(np.uint32) for channel in range(3))
    packed["rgb"] = red << 16 | green << 8 | blue
    return packed.view(np.uint8)
