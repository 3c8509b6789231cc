"""Tests of the relays: real cameras, real subscribers, in processes of their own."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2

from airo_frames import FramePublisher, FrameSubscription, Intrinsics, RgbdFrame, RgbdPublisher
from airo_view.relay.node import make_relay
from airo_view.relay.relay import Relay, families_of_cameras
from airo_view.relay.standard_messages import POINT_DTYPE

Start = Callable[..., Any]
DEPTH_CAMERA = "sim:tags?depth=1&width=640&height=480"
WAIT_SECS = 60.0


class Inbox:
    """Subscribes to standard topics and keeps what comes, by topic and time."""

    def __init__(self, node: Any, topics: dict[str, Any]) -> None:
        self.messages: dict[str, dict[int, Any]] = {topic: {} for topic in topics}
        self._node = node
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(node)
        self._subscriptions = [
            node.create_subscription(kind, topic, self._keep(topic), 10) for topic, kind in topics.items()
        ]

    def _keep(self, topic: str) -> Callable[[Any], None]:
        def keep(message: Any) -> None:
            stamp = message.header.stamp
            self.messages[topic][stamp.sec * 10**9 + stamp.nanosec] = message

        return keep

    def wait(self, until: Callable[[], Any]) -> None:
        """Spin until something is so."""
        deadline = time.monotonic() + WAIT_SECS
        while not until():
            assert time.monotonic() < deadline, {topic: len(kept) for topic, kept in self.messages.items()}
            self._executor.spin_once(timeout_sec=0.05)

    def common(self) -> list[int]:
        """Return the times of which every topic has a message."""
        return sorted(set.intersection(*(set(kept) for kept in self.messages.values())))

    def close(self) -> None:
        """Unsubscribe."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._executor.remove_node(self._node)
        self._executor.shutdown()


@pytest.fixture
def start_relay(start: Start) -> Callable[..., Any]:
    """Give a function that starts a relay."""

    def start_one(module: str = "node", *parameters: str) -> Any:
        given = [text for parameter in parameters for text in ("-p", parameter)]
        return start("-m", f"airo_view.relay.{module}", *(["--ros-args", *given] if given else []))

    return start_one


def pixels(image: Image) -> Any:
    """Return the pixels of an Image."""
    kinds = {"rgb8": (np.uint8, 3), "32FC1": (np.float32, 1)}
    dtype, channels = kinds[image.encoding]
    return np.frombuffer(image.data, dtype).reshape(image.height, image.width, channels).squeeze()


def test_all_standard_topics_say_what_the_frame_says(
    node: Any, start_camera: Any, start_relay: Any, start: Start
) -> None:
    """Image, depth, both camera_infos and the cloud of one frame have its time, frame id and content."""
    camera = start_camera("front", DEPTH_CAMERA)
    relay = start_relay()
    inbox = Inbox(
        node,
        {
            "/front/image_raw": Image,
            "/front/camera_info": CameraInfo,
            "/front/depth/image_rect_raw": Image,
            "/front/depth/camera_info": CameraInfo,
            "/front/points": PointCloud2,
        },
    )
    frames = FrameSubscription(node, "/front/frame")
    seen: dict[int, RgbdFrame] = {}

    def look() -> bool:
        frame = frames.take_copy(WAIT_SECS)
        assert isinstance(frame, RgbdFrame)
        seen[frame.stamp_nanos] = frame
        return bool(set(inbox.common()) & set(seen))

    inbox.wait(look)
    stamp = (set(inbox.common()) & set(seen)).pop()
    frame, of = seen[stamp], {topic: kept[stamp] for topic, kept in inbox.messages.items()}
    assert {message.header.frame_id for message in of.values()} == {frame.frame_id}
    assert np.array_equal(pixels(of["/front/image_raw"]), frame.image)
    assert np.array_equal(pixels(of["/front/depth/image_rect_raw"]), frame.depth, equal_nan=True)
    assert frame.intrinsics is not None
    for topic in ("/front/camera_info", "/front/depth/camera_info"):
        assert np.array_equal(of[topic].k.reshape(3, 3), frame.intrinsics.camera_matrix)
        assert (of[topic].width, of[topic].height) == frame.size_wh
    cloud, expected = of["/front/points"], frame.point_cloud(organized=True)
    points = np.frombuffer(cloud.data, POINT_DTYPE)
    assert (cloud.width, cloud.height, cloud.is_dense) == (640, 480, False)
    assert np.array_equal(points["xyz"], expected.points, equal_nan=True)
    assert expected.colors is not None
    assert np.array_equal(points["rgb"] >> 16, expected.colors[:, 0])
    assert np.array_equal(points["rgb"] & 0xFF, expected.colors[:, 2])
    frames.close()
    inbox.close()
    for process in (relay, camera):
        process.popen.send_signal(signal.SIGINT)
        assert process.wait() == 0
    assert relay.complaints == []


def test_a_large_cloud_is_reduced(node: Any, start_camera: Any, start_relay: Any) -> None:
    """Every second column and row, at the places where the whole cloud has them."""
    start_camera("front", DEPTH_CAMERA)
    start_relay("node", "max_points:=100000")
    inbox = Inbox(node, {"/front/points": PointCloud2})
    inbox.wait(inbox.common)
    (cloud, *_) = inbox.messages["/front/points"].values()
    points = np.frombuffer(cloud.data, POINT_DTYPE).reshape(cloud.height, cloud.width)
    assert points.shape == (240, 320)
    x, y, z = np.moveaxis(points["xyz"], -1, 0)
    known = np.isfinite(z)
    columns = np.arange(320) * 2.0
    slope = np.polyfit(np.broadcast_to(columns, z.shape)[known], (x / np.where(known, z, 1.0))[known], 1)
    assert 639.0 / 2 == pytest.approx(-slope[1] / slope[0], abs=0.5)  # the principal point, in the pixels of the frame
    inbox.close()


def test_the_compressed_image_is_the_frame(node: Any, start_camera: Any, start_relay: Any) -> None:
    """It is an ordinary JPEG image of the same time as camera_info of the other relay."""
    start_camera("front", "sim:tags?width=640&height=480")
    start_relay("compressed_node", "quality:=95")
    start_relay()
    inbox = Inbox(
        node,
        {"/front/image_raw/compressed": CompressedImage, "/front/camera_info": CameraInfo, "/front/image_raw": Image},
    )
    inbox.wait(inbox.common)
    compressed, _, image = (kept[inbox.common()[0]] for kept in inbox.messages.values())
    assert compressed.format == "rgb8; jpeg compressed bgr8"
    decoded = cv2.imdecode(np.frombuffer(compressed.data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(decoded.astype(int) - pixels(image)).mean() < 3.0
    inbox.close()


def test_the_rate_of_compressed_images_is_limited(node: Any, start_camera: Any, start_relay: Any) -> None:
    """With rate 5 a camera of 30 Hz gives images that are a fifth of a second apart."""
    start_camera("front", "sim:tags?width=320&height=240")
    start_relay("compressed_node", "rate:=5")
    inbox = Inbox(node, {"/front/image_raw/compressed": CompressedImage})
    inbox.wait(lambda: len(inbox.common()) >= 6)
    stamps = inbox.common()
    assert (stamps[-1] - stamps[0]) / 1e9 / (len(stamps) - 1) > 0.15
    inbox.close()


def test_nothing_is_touched_while_nobody_subscribes(node: Any) -> None:
    """A relay subscribes to its camera while it has subscribers, and lets it go with the last one."""
    camera = FramePublisher(node, "/front/frame", size_wh=(64, 48), encoding="mono8", frame_id="front")
    relay = make_relay(node)
    publish = lambda: camera.publish(np.zeros((48, 64), np.uint8), stamp_nanos=time.time_ns(), encoding="mono8")  # noqa: E731
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    def spin(until: Callable[[], Any]) -> None:
        deadline = time.monotonic() + WAIT_SECS
        while not until():
            assert time.monotonic() < deadline
            publish()
            executor.spin_once(timeout_sec=0.02)

    spin(lambda: "front" in relay.relays)
    touched = relay.relays["front"][1]
    for _ in range(30):
        publish()
    assert node.count_subscribers("/front/frame") == 0 and touched.touched == 0
    received: list[Image] = []
    subscription = node.create_subscription(Image, "/front/image_raw", received.append, 1)
    spin(lambda: len(received) > 2)
    node.destroy_subscription(subscription)
    spin(lambda: node.count_subscribers("/front/frame") == 0)
    relay.close()
    camera.close()
    executor.shutdown()


def test_cameras_come_and_go(node: Any, start_camera: Any, start_relay: Any) -> None:
    """One relay serves all cameras, also one that starts later with depth under a name that was there without."""
    start_relay()
    first = start_camera("left")
    inbox = Inbox(node, {"/left/image_raw": Image})
    inbox.wait(inbox.common)
    inbox.close()
    first.popen.send_signal(signal.SIGINT)
    assert first.wait() == 0
    start_camera("left", DEPTH_CAMERA)
    start_camera("right")
    inbox = Inbox(node, {"/left/depth/image_rect_raw": Image})
    inbox.wait(inbox.common)
    inbox.close()
    inbox = Inbox(node, {"/right/image_raw": Image})
    inbox.wait(inbox.common)
    inbox.close()


def test_two_relays_do_not_publish_everything_twice(node: Any, start_camera: Any, start_relay: Any) -> None:
    """The second leaves the camera to the first, and takes over when that one is killed."""
    start_camera("front")
    first = start_relay()
    inbox = Inbox(node, {"/front/image_raw": Image})
    inbox.wait(inbox.common)
    start_relay()
    inbox.wait(lambda: [name for name, _ in node.get_node_names_and_namespaces()].count("relay") == 2)
    inbox.wait(lambda: len(node.get_publishers_info_by_topic("/front/image_raw")) == 1)
    first.popen.send_signal(signal.SIGINT)
    assert first.wait() == 0
    before = len(inbox.common())
    inbox.wait(lambda: len(inbox.common()) > before + 5)
    inbox.close()


def test_relays_that_begin_together_agree(ros_domain: int, start_camera: Any) -> None:
    """Of two of one name that publish a camera, because they found it in the same moment, one gives it up."""
    contexts = [Context() for _ in range(2)]
    for context in contexts:
        rclpy.init(context=context, domain_id=ros_domain)
    relays = [make_relay(rclpy.create_node("relay", context=context)) for context in contexts]
    start_camera("front")

    def wait(until: Callable[[Relay], Any]) -> None:
        deadline = time.monotonic() + WAIT_SECS
        while not all(until(relay) for relay in relays):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    wait(lambda relay: "front" in families_of_cameras(relay.node))
    for relay in relays:
        relay.begin("front", "Image")  # as both do that look before they can have met the other's publishers
    wait(lambda relay: len(relay.node.get_publishers_info_by_topic("/front/image_raw")) == 2)
    for relay in relays:
        relay.follow()
    assert sorted(len(relay.relays) for relay in relays) == [0, 1]
    for relay, context in zip(relays, contexts, strict=True):
        relay.close()
        relay.node.destroy_node()
        rclpy.shutdown(context=context)


def test_a_torn_frame_is_not_relayed(node: Any) -> None:
    """A frame that the camera overwrites while it is copied goes nowhere."""
    from airo_view.relay.outputs import StandardOutputs

    camera = RgbdPublisher(node, "/front/frame", size_wh=(64, 48), encoding="mono8", frame_id="front")
    frames = FrameSubscription(node, "/front/frame")
    inbox = Inbox(node, {"/front/image_raw": Image})
    outputs = StandardOutputs(node, "front", has_depth=True, max_points=1000)
    image, depth = np.zeros((48, 64), np.uint8), np.ones((48, 64), np.float32)

    def publish() -> None:
        intrinsics = Intrinsics.pinhole(50.0, 50.0, 32.0, 24.0)
        camera.publish(image, depth, stamp_nanos=time.time_ns(), encoding="mono8", intrinsics=intrinsics)

    def take() -> Any:
        deadline = time.monotonic() + WAIT_SECS
        while time.monotonic() < deadline:
            publish()
            try:
                return frames.take(0.1)
            except TimeoutError:
                continue
        raise AssertionError("no frame came")

    frame = take()
    inbox.wait(lambda: outputs.is_wanted)
    assert outputs.publish(frame)
    inbox.wait(inbox.common)
    torn = take()
    for _ in range(10):
        publish()
    assert not outputs.publish(torn)
    whole = take()
    assert outputs.publish(whole)
    inbox.wait(lambda: whole.stamp_nanos in inbox.common())
    assert torn.stamp_nanos not in inbox.common()
    outputs.close()
    inbox.close()
    frames.close()
    camera.close()
