"""What a frame is in the words of sensor_msgs; the large arrays are left to BulkPublisher."""

from __future__ import annotations

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2, PointField
from std_msgs.msg import Header

from airo_frames import Frame, Intrinsics, PointCloud
from airo_frames.stamps import NANOS_PER_SEC

__all__ = [
    "POINT_DTYPE",
    "as_points",
    "camera_info",
    "cloud_message",
    "compressed_message",
    "header_of",
    "image_message",
]

# As PCL and rviz2 lay out XYZRGB: the colour is 0x00RRGGBB in the bits of a float.
POINT_DTYPE = np.dtype([("xyz", np.float32, 3), ("rgb", np.uint32)])
_FIELDS = [
    PointField(name=name, offset=offset, datatype=PointField.FLOAT32, count=1)
    for name, offset in (("x", 0), ("y", 4), ("z", 8), ("rgb", 12))
]


def header_of(frame: Frame) -> Header:
    """Return the acquisition time and the optical frame."""
    sec, nanosec = divmod(frame.stamp_nanos, NANOS_PER_SEC)
    return Header(stamp=Time(sec=sec, nanosec=nanosec), frame_id=frame.frame_id)


def image_message(header: Header, size_wh: tuple[int, int], encoding: str, *, row_bytes: int) -> Image:
    """Return an Image without data; our encodings have the names of sensor_msgs."""
    width, height = size_wh
    return Image(header=header, width=width, height=height, encoding=encoding, step=row_bytes)


def compressed_message(header: Header, encoding: str) -> CompressedImage:
    """Return a CompressedImage without data; the format reads as image_transport writes it."""
    stored = "mono8" if encoding == "mono8" else "bgr8"
    return CompressedImage(header=header, format=f"{encoding}; jpeg compressed {stored}")


def camera_info(header: Header, size_wh: tuple[int, int], intrinsics: Intrinsics | None) -> CameraInfo:
    """Return a CameraInfo; K is zero for a camera that is not calibrated, as sensor_msgs says."""
    width, height = size_wh
    info = CameraInfo(header=header, width=width, height=height)
    if intrinsics is not None:
        info.distortion_model = intrinsics.distortion_model
        info.d = intrinsics.distortion.tolist()
        info.k = intrinsics.camera_matrix.ravel()
        info.r = intrinsics.rectification.ravel()
        info.p = intrinsics.projection.ravel()
    return info


def as_points(cloud: PointCloud) -> NDArray[np.void]:
    """Return the points of a cloud as POINT_DTYPE. New array."""
    points = np.zeros(len(cloud.points), POINT_DTYPE)
    points["xyz"] = cloud.points
    if cloud.colors is not None:
        red, green, blue = (cloud.colors[:, channel].astype(np.uint32) for channel in range(3))
        points["rgb"] = red << 16 | green << 8 | blue
    return points


def cloud_message(header: Header, size_wh: tuple[int, int]) -> PointCloud2:
    """Return an organized PointCloud2 of POINT_DTYPE without data; points without depth are NaN."""
    width, height = size_wh
    step = POINT_DTYPE.itemsize
    return PointCloud2(
        header=header,
        width=width,
        height=height,
        fields=_FIELDS,
        point_step=step,
        row_step=step * width,
        is_dense=False,
    )
