"""What is public is what is meant to be, is documented, and loads no more than it needs."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGES = ["rclpy_loans", "airo_frames", "airo_camera", "tag_pose", "airo_view", "airo_recorder", "airo_ros2"]
# The pure cores: they work where there is no ROS. Parts of a node are named after what they do with ROS.
ROS_PARTS = {
    "rclpy_loans": {"direct", "introspection", "layout", "publisher", "qos", "rcl", "subscription", "wakeup"},
    "airo_frames": {
        "hosts",
        "node_main",
        "point_cloud_publisher",
        "point_cloud_subscription",
        "publisher",
        "remote_stream",
        "rgbd_publisher",
        "stream_publisher",
        "stream_subscription",
        "subscription",
    },
    "airo_camera": {"acknowledgements", "cloud_topic", "diagnostics_output", "frame_sink", "frame_topic", "node"},
    "airo_view": {
        "relay.bulk_publisher",
        "relay.camera_relay",
        "relay.compressed_node",
        "relay.node",
        "relay.outputs",
        "relay.relay",
        "relay.standard_messages",
        "web.feed",
        "web.node",
        "web.recorders",
        "web.stream",
        "web.tag_feed",
    },
    "tag_pose": {
        *("node", "outputs", "worker", "diagnostics_output", "overlay_output", "transform_output", "standard_messages"),
    },
    "airo_ros2": {
        "bringup.budget",
        "bringup.camera_command",
        "bringup.check",
        "bringup.node_reports",
        "bringup.run",
        "bringup.running_setup",
        "bringup.setup_services",
        "bringup.tag_results",
        "camera",
        "depth_camera",
        "diagnosis",
        "doctor.probe_node",
        "frame_reader",
        "graph",
        "multiprocess",
        "multiprocess.publishers",
        "multiprocess.receivers",
        "multiprocess.video_recorder",
        "publish",
        "record.run",
        "recording.child",
        "serving.child",
        "tag_poses",
        "testing.fake_camera",
        "testing.fixtures",
        "top.nodes",
        "top.run",
        "top.streams",
        "view",
    },
    "airo_recorder": {"diagnostics", "node", "readers", "services"},
}
BELOW = {
    "rclpy_loans": [],
    "airo_frames": ["rclpy_loans"],
    "airo_camera": ["airo_frames", "rclpy_loans"],
    "tag_pose": ["airo_frames", "rclpy_loans"],
    "airo_view": ["tag_pose", "airo_frames", "rclpy_loans"],
    "airo_recorder": ["airo_frames", "rclpy_loans"],
    "airo_ros2": ["airo_view", "airo_camera", "tag_pose", "airo_recorder", "airo_frames", "rclpy_loans"],
}


def modules_of(package: str) -> list[str]:
    """Return the names of all modules of a package."""
    path = importlib.import_module(package).__path__
    return [package, *(found.name for found in pkgutil.walk_packages(path, prefix=f"{package}."))]


MODULES = [module for package in PACKAGES for module in modules_of(package)]


@pytest.mark.parametrize("name", MODULES)
def test_public_names_exist_and_are_documented(name: str) -> None:
    """Each name in __all__ exists; modules, classes, their methods and functions have docstrings."""
    module = importlib.import_module(name)
    assert module.__doc__, name
    for public_name in getattr(module, "__all__", []):
        public = getattr(module, public_name)
        if inspect.isclass(public) or inspect.isfunction(public):
            assert inspect.getdoc(public), f"{name}.{public_name}"
        if inspect.isclass(public) and public.__module__ == name:
            for method_name, method in vars(public).items():
                is_public = not method_name.startswith("_") and (callable(method) or isinstance(method, property))
                assert not is_public or inspect.getdoc(method), f"{name}.{public_name}.{method_name}"


@pytest.mark.parametrize("name", [name for name in MODULES if name not in PACKAGES])
def test_every_module_says_what_is_public(name: str) -> None:
    """Every module but the empty ones of sub-packages has __all__."""
    module = importlib.import_module(name)
    assert hasattr(module, "__all__") or Path(str(module.__file__)).name == "__init__.py"


@pytest.mark.parametrize("package", ["rclpy_loans", "airo_frames", "airo_ros2", "airo_ros2.testing"])
def test_lazy_names_are_all_there(package: str) -> None:
    """What a package offers on first use is exactly what it lists."""
    module = importlib.import_module(package)
    assert sorted(module.__all__) == sorted(dir(module))
    for name in module.__all__:
        assert getattr(module, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        module.nothing  # noqa: B018  # the access is the test


def test_the_pure_cores_need_no_ros() -> None:
    """Sources, detector, poses and the command line load without rclpy."""
    pure = [name for name in MODULES if name.partition(".")[2] not in ROS_PARTS[name.partition(".")[0]]]
    program = f"""
import sys
sys.modules["rclpy"] = None
for name in {pure!r}:
    __import__(name)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_point_one_way(package: str) -> None:
    """A package imports only packages below it."""
    folder = Path(importlib.import_module(package).__path__[0])
    for file in folder.rglob("*.py"):
        for line in file.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]):
                imported = words[1].partition(".")[0]
                assert imported not in PACKAGES or imported == package or imported in BELOW[package], f"{file}: {line}"
