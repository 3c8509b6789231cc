"""Tests of rclpy_loans.layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from airo_camera_msgs.msg import Image640x480, TagDetections
from builtin_interfaces.msg import Time
from geometry_msgs.msg import Pose, PoseStamped, PoseWithCovariance
from sensor_msgs.msg import CameraInfo, Image
from shape_msgs.msg import Plane, SolidPrimitive
from std_msgs.msg import Bool, Byte, Char, Float64, Int8, Int64MultiArray, UInt16, UInt64

from rclpy_loans import UnsupportedMessageError, layout, message_dtype, rcl
from rclpy_loans.introspection import introspect


@pytest.mark.parametrize(
    ("msg_type", "size"),
    [
        (Bool, 1),
        (Byte, 1),
        (Char, 1),
        (Int8, 1),
        (UInt16, 2),
        (UInt64, 8),
        (Float64, 8),
        (Time, 8),
        (Plane, 32),
        (Pose, 56),
        (PoseWithCovariance, 344),
    ],
)
def test_dtype_has_the_size_of_the_c_struct(msg_type: type, size: int) -> None:
    """The dtype of a fixed-size message is as large as the C struct."""
    assert message_dtype(msg_type).itemsize == size
    assert introspect(rcl.type_support(msg_type)).size_of == size


def test_fields_keep_names_shapes_and_nesting() -> None:
    """Nested messages nest, fixed arrays become sub-arrays."""
    dtype = message_dtype(PoseWithCovariance)
    record = np.zeros((), dtype)
    record["pose"]["position"]["y"] = 2.5
    record["covariance"][35] = 7.0
    assert record["covariance"].shape == (36,)
    assert np.frombuffer(record.tobytes())[1] == 2.5
    assert np.frombuffer(record.tobytes())[-1] == 7.0


def test_arrays_of_nested_messages() -> None:
    """A fixed array of messages becomes an array of records."""
    dtype = message_dtype(TagDetections)
    assert dtype["detections"].shape == (128,)
    assert dtype["detections"].base.names[:2] == ("center", "corners")


@pytest.mark.parametrize(
    ("msg_type", "field", "kind"),
    [
        (Image, "Image.header.frame_id", "a string"),
        (CameraInfo, "CameraInfo.header.frame_id", "a string"),
        (PoseStamped, "PoseStamped.header.frame_id", "a string"),
        (SolidPrimitive, "SolidPrimitive.dimensions", "a sequence"),
        (Int64MultiArray, "Int64MultiArray.layout.dim", "a sequence"),
    ],
)
def test_messages_without_fixed_size_are_refused(msg_type: type, field: str, kind: str) -> None:
    """A message with a string or a sequence is refused with the field's name and a remedy."""
    with pytest.raises(UnsupportedMessageError, match=f"{field} is {kind}.*use a fixed array"):
        message_dtype(msg_type)


@pytest.mark.parametrize("wrong", [int, np.ndarray, object])
def test_other_classes_are_refused(wrong: type) -> None:
    """What is no message class is refused with an example of one."""
    with pytest.raises(UnsupportedMessageError, match=r"not a ROS 2 message class.*geometry_msgs.msg.Pose"):
        message_dtype(wrong)


def test_a_layout_that_the_compiler_did_not_make_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the C struct lies differently from what was computed, the message is refused."""

    def shifted(support: int) -> Any:
        members = introspect(support)
        copy = type(members)(*(getattr(members, name) for name, _ in members._fields_))
        copy.size_of += 8
        return copy

    monkeypatch.setattr(layout, "introspect", shifted)
    message_dtype.cache_clear()
    with pytest.raises(UnsupportedMessageError, match="Image640x480 has 922112 bytes in C, 922104 were computed"):
        message_dtype(Image640x480)
