#!/usr/bin/env python3
"""Write the tables of docs/topics.md: what the nodes of a running set-up really publish, subscribe and offer.

It starts a set-up with every kind of node in a ROS domain of its own, waits until all of them are there, and asks the
graph. `--check` writes nothing and fails if the page says something else.
Topics that only exist where tf2_msgs or apriltag_msgs are installed are described by hand in the same page.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent.parent / "docs/topics.md"
BEGIN, END = "<!-- graph: begin -->\n", "<!-- graph: end -->\n"
PATIENCE_SECS = 60.0
SET_UP = """
name: lab
view: {port: 0}
cameras:
  front:
    source: "sim:tags?width=320&height=240&fps=10&depth=1"
    tags: {table: "{0: {size: 0.1, frame: gripper}}"}
    record: {directory: recordings}
"""
NODES = {  # node of the set-up: heading
    "/front/camera": "The camera node",
    "/front/tag_pose": "The tag_pose node",
    "/front/recorder": "The recorder node",
    "/relay": "The relay",
    "/compressed_relay": "The compressed relay",
    "/web_view": "The web view",
    "/airo_ros2_lab": "The supervisor",
}
EVERY_NODE = ("/rosout", "/parameter_events", "/clock")
BY_INSTALLATION = ("/tf", "/tf_static", "/tag_frame_claims", "/front/detections")  # tf2_msgs, apriltag_msgs
SERVICES_OF_EVERY_NODE = "parameter", "type_description", "logger_level"


def main() -> int:
    """Write or check the page and return the exit status."""
    before = PAGE.read_text()
    head, _, rest = before.partition(BEGIN)
    _, _, tail = rest.partition(END)
    with running_set_up():
        after = f"{head}{BEGIN}{tables()}{END}{tail}"
    if "--check" not in sys.argv:
        PAGE.write_text(after)
    elif after != before:
        sys.stderr.write(f"{PAGE} is out of date: run python {Path(__file__).name}\n{after}\n")
        return 1
    return 0


@contextmanager
def running_set_up() -> Iterator[None]:
    """Run the set-up meanwhile."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "lab.yaml").write_text(SET_UP)
        command = [sys.executable, "-m", "airo_ros2.cli", "bringup", "lab.yaml", "--quiet"]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_SECS)


def tables() -> str:
    """Return the tables of all nodes."""
    import rclpy

    from rclpy_loans import apply_profile

    apply_profile()
    rclpy.init()
    node = rclpy.create_node("observer")
    try:
        return settled(node)
    finally:
        node.destroy_node()
        rclpy.shutdown()


def settled(node: Any) -> str:
    """Return the tables when all nodes are there and nothing has changed for three seconds."""
    deadline = time.monotonic() + PATIENCE_SECS
    last, since = "", time.monotonic()
    while time.monotonic() < deadline:
        names = {f"{space.rstrip('/')}/{name}" for name, space in node.get_node_names_and_namespaces()}
        now = "\n".join(table(node, name) for name in NODES) if names >= NODES.keys() else ""
        if now != last:
            last, since = now, time.monotonic()
        if now and time.monotonic() - since > 3.0:
            return now
        time.sleep(0.2)
    raise SystemExit(f"not all nodes came: {sorted(NODES.keys() - names)}")


def table(node: Any, full_name: str) -> str:
    """Return the heading and table of one node."""
    space, _, name = full_name.rpartition("/")
    space = space or "/"
    rows = [f"## {NODES[full_name]}", "", f"`{full_name}`", "", "| | name | type | QoS |", "|---|---|---|---|"]
    for way, found in (
        ("publishes", node.get_publisher_names_and_types_by_node(name, space)),
        ("subscribes", node.get_subscriber_names_and_types_by_node(name, space)),
    ):
        for topic, types in sorted(found):
            if topic not in EVERY_NODE + BY_INSTALLATION:
                rows.append(f"| {way} | `{topic}` | {types[0]} | {qos(node, way, topic, name)} |")
    for service, types in sorted(node.get_service_names_and_types_by_node(name, space)):
        if not any(word in service for word in SERVICES_OF_EVERY_NODE):
            rows.append(f"| service | `{service}` | {types[0]} | |")
    return "\n".join([*rows, ""])


def qos(node: Any, way: str, topic: str, name: str) -> str:
    """Return what of the QoS matters to who connects."""
    ask = node.get_publishers_info_by_topic if way == "publishes" else node.get_subscriptions_info_by_topic
    for end in ask(topic):
        if end.node_name == name:
            profile = end.qos_profile
            kinds = (profile.reliability.name, profile.durability.name)
            return ", ".join(kind.lower().replace("_", " ") for kind in kinds)
    return ""


if __name__ == "__main__":
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    sys.exit(main())
