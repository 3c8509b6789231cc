"""The message definitions that stand in an MCAP file, so that it can be read where the messages are not installed."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

from airo_recorder.exceptions import RecordingWriteError

__all__ = ["STANDARD", "definition_of", "schema_text"]

_PRIMITIVE = re.compile(r"^(bool|byte|char|w?string|u?int\d+|float\d+)$")
_SEPARATOR = "=" * 80

# The standard messages that we write, without their comments: tf2_msgs is not in the Python package index.
STANDARD = {
    "builtin_interfaces/msg/Time": "int32 sec\nuint32 nanosec\n",
    "std_msgs/msg/Header": "builtin_interfaces/Time stamp\nstring frame_id\n",
    "sensor_msgs/msg/Image": (
        "std_msgs/Header header\nuint32 height\nuint32 width\nstring encoding\nuint8 is_bigendian\nuint32 step\n"
        "uint8[] data\n"
    ),
    "sensor_msgs/msg/CompressedImage": "std_msgs/Header header\nstring format\nuint8[] data\n",
    "sensor_msgs/msg/RegionOfInterest": (
        "uint32 x_offset\nuint32 y_offset\nuint32 height\nuint32 width\nbool do_rectify\n"
    ),
    "sensor_msgs/msg/CameraInfo": (
        "std_msgs/Header header\nuint32 height\nuint32 width\nstring distortion_model\nfloat64[] d\nfloat64[9] k\n"
        "float64[9] r\nfloat64[12] p\nuint32 binning_x\nuint32 binning_y\nRegionOfInterest roi\n"
    ),
    "sensor_msgs/msg/PointField": "string name\nuint32 offset\nuint8 datatype\nuint32 count\n",
    "sensor_msgs/msg/PointCloud2": (
        "std_msgs/Header header\nuint32 height\nuint32 width\nPointField[] fields\nbool is_bigendian\n"
        "uint32 point_step\nuint32 row_step\nuint8[] data\nbool is_dense\n"
    ),
    "geometry_msgs/msg/Vector3": "float64 x\nfloat64 y\nfloat64 z\n",
    "geometry_msgs/msg/Quaternion": "float64 x 0\nfloat64 y 0\nfloat64 z 0\nfloat64 w 1\n",
    "geometry_msgs/msg/Transform": "Vector3 translation\nQuaternion rotation\n",
    "geometry_msgs/msg/TransformStamped": "std_msgs/Header header\nstring child_frame_id\nTransform transform\n",
    "tf2_msgs/msg/TFMessage": "geometry_msgs/TransformStamped[] transforms\n",
}


def definition_of(type_name: str) -> str:
    """Return the definition of one message, for example of sensor_msgs/msg/Image.

    Raises:
        RecordingWriteError: it is neither a standard message nor installed.
    """
    if type_name in STANDARD:
        return STANDARD[type_name]
    package, _, name = type_name.split("/")
    try:
        return (Path(get_package_share_directory(package)) / "msg" / f"{name}.msg").read_text()
    except (PackageNotFoundError, OSError) as error:
        raise RecordingWriteError(f"the definition of {type_name} is not installed: {error}") from error


@cache
def schema_text(type_name: str) -> str:
    """Return a message's definition followed by those of all messages in it, as MCAP's ros2msg encoding wants it."""
    parts, seen, waiting = [definition_of(type_name)], {type_name}, [type_name]
    while waiting:
        outer = waiting.pop(0)
        for inner in _messages_in(outer):
            if inner not in seen:
                seen.add(inner)
                waiting.append(inner)
                package, _, name = inner.split("/")
                parts.append(f"{_SEPARATOR}\nMSG: {package}/{name}\n{definition_of(inner)}")
    return "".join(parts)


def _messages_in(type_name: str) -> list[str]:
    package = type_name.partition("/")[0]
    found = []
    for line in definition_of(type_name).splitlines():
        field_type = re.sub(r"\[.*", "", (line.partition("#")[0].split() or [""])[0]).partition("<=")[0]
        if field_type and not _PRIMITIVE.match(field_type):
            names = field_type.split("/")
            found.append(f"{names[0] if len(names) > 1 else package}/msg/{names[-1]}")
    return found
