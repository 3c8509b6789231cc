"""The tag_pose node in a process of its own, behind a real camera node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from airo_camera_msgs.msg import TagDetections
from geometry_msgs.msg import PoseArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.task import Future
from visualization_msgs.msg import Marker, MarkerArray

from airo_frames.text import read_text
from rclpy_loans import LoanSubscription, loan_qos

Start = Callable[..., Any]
CAMERA = ("-m", "airo_camera.node", "--ros-args", "-r", "__ns:=/camera", "-p")
TAG_POSE = ("-m", "tag_pose.node", "--ros-args", "-r", "__ns:=/camera")


def first_message(node: Any, msg_type: type, topic: str) -> Any:
    """Spin until a message comes on a topic, and return it."""
    received = Future()
    subscription = node.create_subscription(
        msg_type, topic, lambda message: None if received.done() else received.set_result(message), 10
    )
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    executor.spin_until_future_complete(received, timeout_sec=60.0)
    executor.shutdown()
    node.destroy_subscription(subscription)
    assert received.done(), f"nothing on {topic}"
    return received.result()


def test_standard_topics(start: Start, node: Any) -> None:
    """Poses and markers come in the frame of the camera while somebody subscribes."""
    start(*CAMERA, "source:='sim:?tags=2&width=640&height=480'")
    start(*TAG_POSE)
    poses = first_message(node, PoseArray, "/camera/tag_poses")
    assert poses.header.frame_id == "camera_optical_frame" and len(poses.poses) == 2
    assert all(pose.position.z > 0 for pose in poses.poses)
    markers = first_message(node, MarkerArray, "/camera/tag_markers").markers
    assert [marker.type for marker in markers] == [Marker.CUBE, Marker.TEXT_VIEW_FACING] * 2
    assert [marker.text for marker in markers] == ["", "0", "", "1"]
    assert all(marker.header.frame_id == "camera_optical_frame" for marker in markers)
    assert markers[0].scale.x == pytest.approx(0.1)


def test_transforms_where_tf2_is_installed(start: Start, node: Any) -> None:
    """Each tag is a TF frame named after its family and id, in the frame of the camera."""
    messages = pytest.importorskip("tf2_msgs.msg", reason="tf2_msgs is not in the Python package index")
    start(*CAMERA, "source:='sim:?tags=2&width=640&height=480'")
    start(*TAG_POSE)
    transforms = first_message(node, messages.TFMessage, "/tf").transforms
    assert [transform.child_frame_id for transform in transforms] == ["tag36h11:0", "tag36h11:1"]
    assert {transform.header.frame_id for transform in transforms} == {"camera_optical_frame"}


def test_detections_carry_the_frames_head(start: Start, node: Any) -> None:
    """The message says which frame it belongs to, how long it took and that nothing was copied."""
    subscription = LoanSubscription(node, TagDetections, "/camera/tags", qos=loan_qos(16, reliable=True))
    start(*CAMERA, "source:='sim:?tags=3&width=640&height=480'")
    start(*TAG_POSE, "-p", "tag_size:=0.0")
    found = subscription.take_copy(60.0)
    assert (int(found["width"]), int(found["height"]), int(found["count"])) == (640, 480, 3)
    assert bool(found["zero_copy"]) and float(found["detector_time"]) > 0
    assert read_text(found["frame_id"]) == "camera_optical_frame"
    assert not found["detections"]["has_pose"].any()  # the size is unknown
    np.testing.assert_array_equal(found["detections"]["id"][:3], [0, 1, 2])
    subscription.close()


def test_frames_that_hold_no_picture_are_reported_once(start: Start, node: Any, tmp_path: Any) -> None:
    """Depth images give one warning and no end; the node goes on when the camera shows pictures again."""
    import cv2

    cv2.imwrite(str(tmp_path / "depth.tiff"), np.ones((48, 64), np.float32))
    start(*CAMERA, f"source:='{tmp_path}'", "-p", "loop:=true")
    tag_pose = start(*TAG_POSE)
    tag_pose.expect("no tags: encoding is '32FC1'", stream="errors")
    assert tag_pose.popen.poll() is None


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        ("families:=[tag99h99]", "tag99h99"),
        ("families:=tag36h11", "families got 'tag36h11': expected a list of texts"),
        ("tag_size:=-0.1", "tag_size got -0.1: expected a number at least 0"),
        ("decimate:=2.5", "decimate"),
        ("backend:=magic", "backend is 'magic': expected one of pupil, pyapriltags"),
        ("tagsize:=0.1", "unknown parameter 'tagsize'"),
    ],
)
def test_bad_parameters_end_the_node_with_one_line(start: Start, parameter: str, text: str) -> None:
    """A node with a bad parameter ends at once and says why."""
    process = start(*TAG_POSE, "-p", parameter)
    assert process.wait() == 2
    assert len(process.complaints) == 1 and text in process.complaints[0]
