"""The tag_pose node in a process of its own, behind a real camera node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from airo_camera_msgs.msg import TagDetections
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseArray, PoseWithCovarianceStamped
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.task import Future
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import UInt64
from std_srvs.srv import SetBool
from visualization_msgs.msg import Marker, MarkerArray

from airo_frames.text import read_text
from rclpy_loans import LoanPublisher, LoanSubscription, loan_qos

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
        ("tags:=/nowhere.yaml", "cannot read the tags in /nowhere.yaml"),
        ("bundles:=/nowhere.yaml", "/nowhere.yaml"),
        ("transforms:=all", "transforms is 'all': expected one of first_camera, camera_prefixed, configured, off"),
    ],
)
def test_bad_parameters_end_the_node_with_one_line(start: Start, parameter: str, text: str) -> None:
    """A node with a bad parameter ends at once and says why."""
    process = start(*TAG_POSE, "-p", parameter)
    assert process.wait() == 2
    assert len(process.complaints) == 1 and text in process.complaints[0]


ENABLE = "/camera/tag_pose/enable"
SET = "/camera/tag_pose/set_parameters_atomically"


def call(node: Any, srv_type: type, name: str, request: Any) -> Any:
    """Call a service and return its response.

    Asks again after a while: ROS loses a request that is sent at the moment at which client and server meet.
    """
    client = node.create_client(srv_type, name)
    assert client.wait_for_service(timeout_sec=60.0)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    for _ in range(12):
        future = client.call_async(request)
        executor.spin_until_future_complete(future, timeout_sec=5.0)
        if future.done():
            break
    executor.shutdown()
    node.destroy_client(client)
    assert future.done()
    return future.result()


def set_parameters(node: Any, **values: Any) -> Any:
    """Set parameters of the running node, all or none, and return the result."""
    parameters = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
    request = SetParametersAtomically.Request(parameters=parameters)
    return call(node, SetParametersAtomically, SET, request).result


def take_until(subscription: LoanSubscription, accepts: Callable[[Any], bool]) -> Any:
    """Take messages until one is as it should be."""
    for _ in range(400):
        found = subscription.take_copy(60.0)
        if accepts(found):
            return found
    raise AssertionError("no message was as expected")


@pytest.fixture
def tags(node: Any) -> Any:
    """Give the subscription of the tags of the camera."""
    subscription = LoanSubscription(node, TagDetections, "/camera/tags", qos=loan_qos(16, reliable=True))
    yield subscription
    subscription.close()


def test_parameters_are_live(start: Start, node: Any, tags: Any) -> None:
    """What is set counts from the next frame on; a bad value is refused with a reason, and nothing changes."""
    start(*CAMERA, "source:='sim:?tags=2&width=640&height=480'")
    start(*TAG_POSE, "-p", "workers:=2")
    take_until(tags, lambda found: int(found["count"]) == 2)
    assert set_parameters(node, tag_size=0.2, tags="{1: {size: 0.05, frame: door}}").successful
    found = take_until(tags, lambda found: found["detections"]["size"][0] == 0.2)
    assert found["detections"]["size"][1] == 0.05
    for values, reason in (
        ({"families": ["tag99h99"], "tag_size": 0.3}, "families has 'tag99h99'"),
        ({"decimate": 2.5}, "decimate is 2.5: expected 1, 1.5 or a whole number"),
        ({"decimate": 9.0}, "decimate"),
        ({"corner_refinement": "subpix"}, "expected one of edges, none"),
        ({"backend": "magic"}, "backend is 'magic'"),
        ({"tags": "{1: {size: -1}}"}, "finite number above 0"),
        ({"bundles": "/nowhere.yaml"}, "/nowhere.yaml"),
        ({"max_hamming": 2, "families": ["tagStandard52h13"]}, "decoding table"),
        ({"workers": 3}, "read-only"),
    ):
        result = set_parameters(node, **values)
        assert not result.successful and reason in result.reason
    assert tags.take_copy(60.0)["detections"]["size"][0] == 0.2
    assert set_parameters(node, families=["tag25h9", "tagStandard41h12"]).successful
    take_until(tags, lambda found: int(found["count"]) == 0)
    assert set_parameters(node, families=["tag36h11"], min_decision_margin=10000.0, decimate=2).successful
    found = take_until(tags, lambda found: int(found["rejected"]) == 2)
    assert int(found["count"]) == 0
    assert set_parameters(node, min_decision_margin=20.0, backend="pyapriltags", tracking_period=10).successful
    take_until(tags, lambda found: int(found["count"]) == 2)


def test_refinement_is_switched_off(start: Start, node: Any, tags: Any) -> None:
    """Without it poses are less sure, from the next frame on."""
    start(*CAMERA, "source:='sim:?tags=1&width=640&height=480&noise=0'")
    start(*TAG_POSE)

    def variance_of_x(found: Any) -> float:
        return float(found["detections"][0]["covariance"][0]) if int(found["count"]) else 0.0

    refined = variance_of_x(take_until(tags, lambda found: variance_of_x(found) > 0))
    assert set_parameters(node, corner_refinement="none").successful
    take_until(tags, lambda found: variance_of_x(found) > 4 * refined)


def test_frames_are_left_out_as_asked(start: Start, node: Any, tags: Any) -> None:
    """With every_nth only every nth frame has a result; it is set while the node runs."""
    start(*CAMERA, "source:='sim:?tags=1&width=320&height=240&fps=60'", "-p", "depth:=8")
    start(*TAG_POSE)
    first = int(tags.take_copy(60.0)["sequence"])
    assert set_parameters(node, every_nth=4).successful
    numbers = [int(tags.take_copy(60.0)["sequence"]) for _ in range(40)]
    assert numbers[0] >= first and all(np.diff(numbers)[-10:] >= 4)


def test_detection_is_switched_off_and_on(start: Start, node: Any, tags: Any) -> None:
    """While it is off nothing is published, and /diagnostics says so; afterwards it goes on."""
    start(*CAMERA, "source:='sim:?tags=1&width=320&height=240'")
    start(*TAG_POSE)
    tags.take_copy(60.0)
    answer = call(node, SetBool, ENABLE, SetBool.Request(data=False))
    assert answer.success and answer.message == "detection is off"
    status = next_status(node, lambda status: status.message == "detection is switched off")
    assert status.hardware_id == "camera" and status.name == "camera/tag_pose: tags"
    assert call(node, SetBool, ENABLE, SetBool.Request(data=True)).message == "detection is on"

    def is_running(status: Any) -> bool:
        return status.name == "camera/tag_pose: tags" and "Hz" in status.values[0].key

    last = int(take_until(tags, lambda found: True)["sequence"])
    take_until(tags, lambda found: int(found["sequence"]) > last + 20)
    values = {one.key: one.value for one in next_status(node, is_running).values}
    assert float(values["rate (Hz)"]) > 0 and float(values["latency median (ms)"]) > 0
    assert {"detector time median (ms)", "dropped", "retries", "rejected"} <= set(values)


def next_status(node: Any, accepts: Callable[[Any], bool]) -> Any:
    """Return the next status of tag_pose on /diagnostics that is as it should be."""
    for _ in range(60):
        status = first_message(node, DiagnosticArray, "/diagnostics").status[0]
        if accepts(status):
            return status
    raise AssertionError("no status was as expected")


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_order_and_none_is_lost(start: Start, node: Any, tmp_path: Any, workers: int) -> None:
    """In lockstep every image of a folder has its result, in order, whatever the number of workers."""
    import cv2

    for number in range(40):
        cv2.imwrite(str(tmp_path / f"{number:03d}.png"), np.full((48 + number % 3 * 200, 64), 90, np.uint8))
    bringup = start("-m", "tag_pose.node", *TAG_POSE[2:], "-p", f"workers:={workers}", "-p", "newest:=false")
    subscription = LoanSubscription(node, TagDetections, "/camera/tags", qos=loan_qos(16, reliable=True))
    processed = LoanPublisher(node, UInt64, "/camera/processed", qos=loan_qos(16, reliable=True))
    start(*CAMERA, f"source:='{tmp_path}'", "-p", "lockstep:=true")
    numbers: list[int] = []
    while len(numbers) < 40:
        number = int(subscription.take(60.0, newest=False).copy()["sequence"])
        if not numbers or number != numbers[-1]:
            numbers.append(number)
        with processed.loan() as message:
            message["data"] = number
    assert numbers == list(range(1, 41))
    assert bringup.popen.poll() is None
    subscription.close()
    processed.close()


def test_workers_keep_the_order_of_a_live_camera(start: Start, node: Any, tags: Any) -> None:
    """Three workers at a fast camera publish results in the order of the frames."""
    start(*CAMERA, "source:='sim:?tags=3&width=640&height=480&fps=120'")
    start(*TAG_POSE, "-p", "workers:=3")
    numbers = [int(tags.take(60.0, newest=False).copy()["sequence"]) for _ in range(60)]
    assert (np.diff(numbers) > 0).all()


def test_poses_of_configured_tags_and_bundles(start: Start, node: Any, tmp_path: Any) -> None:
    """Each configured tag and bundle has a topic of its own, with a covariance."""
    layout = tmp_path / "bundles.yaml"
    layout.write_text("bundles: {board: {tags: [{id: 0, size: 0.1}, {id: 7, size: 0.1, position: [1, 0, 0]}]}}")
    start(*CAMERA, "source:='sim:?tags=2&width=640&height=480'")
    start(*TAG_POSE, "-p", "tags:='{1: {frame: left/door}}'", "-p", f"bundles:={layout}")
    for topic in ("left_door", "board"):
        message = first_message(node, PoseWithCovarianceStamped, f"/camera/tag_poses/{topic}")
        assert message.header.frame_id == "camera_optical_frame" and message.pose.pose.position.z > 0
        covariance = np.reshape(message.pose.covariance, (6, 6))
        assert (np.linalg.eigvalsh(covariance) > 0).all()
    markers = first_message(node, MarkerArray, "/camera/tag_markers").markers
    assert {marker.ns for marker in markers} >= {"board tags", "board axes", "board name"}


def test_overlay_comes_as_image_and_compressed(start: Start, node: Any) -> None:
    """Both kinds of the overlay have the size of the frame, its stamp and its colours."""
    import cv2

    start(*CAMERA, "source:='sim:?tags=2&width=640&height=480'")
    start(*TAG_POSE)
    raw = first_message(node, Image, "/camera/tags_overlay")
    assert (raw.width, raw.height, raw.encoding, raw.step) == (640, 480, "bgr8", 1920)
    compressed = first_message(node, CompressedImage, "/camera/tags_overlay/compressed")
    pictures = [
        np.frombuffer(raw.data, np.uint8).reshape(480, 640, 3),
        cv2.imdecode(np.frombuffer(compressed.data, np.uint8), cv2.IMREAD_COLOR),
    ]
    for picture in pictures:
        assert picture.shape == (480, 640, 3)
        yellow = np.abs(picture.astype(int) - (0, 255, 255)).max(axis=2) < 90
        assert yellow.sum() > 100  # the outlines of the tags


def test_detections_as_apriltag_ros_publishes_them(start: Start, node: Any) -> None:
    """Where apriltag_msgs is installed, its message has ids, corners and a homography that leads to the corners."""
    messages = pytest.importorskip("apriltag_msgs.msg", reason="apriltag_msgs is not in the Python package index")
    start(*CAMERA, "source:='sim:?tags=2&width=640&height=480'")
    start(*TAG_POSE)
    array = first_message(node, messages.AprilTagDetectionArray, "/camera/detections")
    assert [(one.family, one.id) for one in array.detections] == [("tag36h11", 0), ("tag36h11", 1)]
    for one in array.detections:
        corners = np.array([[point.x, point.y] for point in one.corners])
        plane = np.array([[-1, 1, 1], [1, 1, 1], [1, -1, 1], [-1, -1, 1]], float)
        mapped = plane @ np.reshape(one.homography, (3, 3)).T
        np.testing.assert_allclose(mapped[:, :2] / mapped[:, 2:], corners, atol=1e-3)
        middle = np.reshape(one.homography, (3, 3)) @ [0, 0, 1]
        np.testing.assert_allclose(middle[:2] / middle[2], [one.centre.x, one.centre.y], atol=0.2)


def test_two_cameras_never_publish_one_tag(start: Start, node: Any) -> None:
    """Two cameras that see the same tag: one of them publishes it; when that one ends, the other goes on."""
    messages = pytest.importorskip("tf2_msgs.msg", reason="tf2_msgs is not in the Python package index")
    processes = {}
    for name in ("front", "side"):
        arguments = ("--ros-args", "-r", f"__ns:=/{name}")
        start("-m", "airo_camera.node", *arguments, "-p", "source:='sim:?tags=1&width=320&height=240'")
        processes[name] = start("-m", "tag_pose.node", *arguments)
    parents: list[str] = []
    node.create_subscription(
        messages.TFMessage, "/tf", lambda message: parents.extend(t.header.frame_id for t in message.transforms), 100
    )
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    while len(parents) < 60:
        executor.spin_once(timeout_sec=60.0)
    assert len(set(parents)) == 1
    owner = parents[-1].removesuffix("_optical_frame")
    processes[owner].popen.send_signal(2)
    assert processes[owner].wait() == 0
    while parents[-1].startswith(owner):
        executor.spin_once(timeout_sec=60.0)
    changes = sum(one != other for one, other in zip(parents, parents[1:], strict=False))
    assert changes == 1
    executor.shutdown()


@pytest.mark.parametrize(
    ("policy", "children"),
    [("camera_prefixed", {"camera/door", "camera/tag36h11:1"}), ("configured", {"door"})],
)
def test_policies_of_transforms(start: Start, node: Any, policy: str, children: set[str]) -> None:
    """Frames are prefixed with the camera, or only those are published that were configured."""
    messages = pytest.importorskip("tf2_msgs.msg", reason="tf2_msgs is not in the Python package index")
    start(*CAMERA, "source:='sim:?tags=2&width=320&height=240'")
    start(*TAG_POSE, "-p", "tags:='{0: {frame: door}}'", "-p", f"transforms:={policy}")
    transforms = first_message(node, messages.TFMessage, "/tf").transforms
    assert {transform.child_frame_id for transform in transforms} == children
