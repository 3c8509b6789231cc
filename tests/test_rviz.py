"""launch/rviz: every display exists, and what it shows is published with the type and the QoS that it asks for."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from geometry_msgs.msg import PoseArray
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSDurabilityPolicy, QoSHistoryPolicy, QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import Image, PointCloud2
from visualization_msgs.msg import MarkerArray

Start = Callable[..., Any]
ROOT = Path(__file__).resolve().parent.parent
CONFIGS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((ROOT / "launch/rviz").glob("*.rviz"))}
# The message that each display of rviz_default_plugins shows; None for those without a topic.
SHOWN = {
    "rviz_default_plugins/Axes": None,
    "rviz_default_plugins/Camera": Image,
    "rviz_default_plugins/Grid": None,
    "rviz_default_plugins/Image": Image,
    "rviz_default_plugins/MarkerArray": MarkerArray,
    "rviz_default_plugins/PointCloud2": PointCloud2,
    "rviz_default_plugins/PoseArray": PoseArray,
    "rviz_default_plugins/TF": None,
}
CAMERAS = {"camera": ("camera",), "rgbd": ("camera",), "two_cameras": ("front", "side")}
SOURCES = {"camera": "sim:tags?width=640&height=480", "rgbd": "sim:tags?width=640&height=480&depth=1"}


def displays(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the displays of a configuration."""
    return list(config["Visualization Manager"]["Displays"])


def qos_of(topic: dict[str, Any]) -> QoSProfile:
    """Return the QoS that rviz2 subscribes with."""
    reliable = {"Reliable": QoSReliabilityPolicy.RELIABLE, "Best Effort": QoSReliabilityPolicy.BEST_EFFORT}
    durable = {"Volatile": QoSDurabilityPolicy.VOLATILE, "Transient Local": QoSDurabilityPolicy.TRANSIENT_LOCAL}
    history = {"Keep Last": QoSHistoryPolicy.KEEP_LAST, "Keep All": QoSHistoryPolicy.KEEP_ALL}
    return QoSProfile(
        depth=topic["Depth"],
        reliability=reliable[topic["Reliability Policy"]],
        durability=durable[topic["Durability Policy"]],
        history=history[topic["History Policy"]],
    )


@pytest.mark.parametrize("name", CONFIGS)
def test_what_every_display_shows_is_published(name: str, node: Any, start: Start) -> None:
    """A subscription with each display's topic, type and QoS gets messages of a real set-up, in its fixed frame."""
    source = SOURCES.get(name, SOURCES["camera"])
    for camera in CAMERAS[name]:
        start("-m", "airo_camera.node", "--ros-args", "-r", f"__ns:=/{camera}", "-p", f"source:='{source}'")
        start("-m", "tag_pose.node", "--ros-args", "-r", f"__ns:=/{camera}")
    start("-m", "airo_view.relay.node")
    received: dict[str, str] = {}  # frame id by topic

    def keep(topic: str) -> Callable[[Any], None]:
        def keep_frame(message: Any) -> None:
            header = message.markers[0].header if isinstance(message, MarkerArray) else message.header
            received[topic] = header.frame_id

        return keep_frame

    wanted = set()
    for display in displays(CONFIGS[name]):
        shown = SHOWN[display["Class"]]
        assert (shown is None) == ("Topic" not in display), display
        if shown is not None:
            topic = display["Topic"]["Value"]
            wanted.add(topic)
            node.create_subscription(shown, topic, keep(topic), qos_of(display["Topic"]))
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    deadline = time.monotonic() + 60.0
    while set(received) != wanted:
        assert time.monotonic() < deadline, wanted - set(received)
        executor.spin_once(timeout_sec=0.1)
    for topic, frame_id in received.items():
        assert frame_id == f"{topic.split('/')[1]}_optical_frame"
        assert len(node.get_publishers_info_by_topic(topic)) == 1
    fixed_frame = CONFIGS[name]["Visualization Manager"]["Global Options"]["Fixed Frame"]
    assert fixed_frame in received.values()
    executor.shutdown()


def test_the_displays_exist_in_rviz() -> None:
    """Each class is one of rviz_default_plugins, where it is installed."""
    packages = pytest.importorskip("ament_index_python.packages")
    try:
        folder = Path(packages.get_package_share_directory("rviz_default_plugins"))
    except packages.PackageNotFoundError:
        pytest.skip("rviz2 is not in the Python package index")
    known = {entry.get("name") for entry in ElementTree.parse(folder / "plugins_description.xml").iter("class")}
    assert {display["Class"] for config in CONFIGS.values() for display in displays(config)} <= known


def test_every_configuration_can_be_chosen() -> None:
    """The launch file names them all."""
    text = (ROOT / "launch/bringup.launch.py").read_text()
    assert all(name in text for name in CONFIGS) and set(CONFIGS) == set(CAMERAS)
