"""A robot with a camera and a desk with a program that names it, in network namespaces with a cable between them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # hosts, under every import mode of pytest

from hosts import Host, Network, why_no_network

Start = Callable[..., Any]
CAMERA = ("-m", "airo_camera.node", "--ros-args", "-r", "__ns:=/front", "-p", "source:='sim:tags?width=640&height=480'")
RELAY = ("-m", "airo_view.relay.compressed_node")
ENTER = "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])"
# Prints an object for each frame, and "silence" for each second without one; ends with its stdin.
READER = """
import json, logging, resource, sys, threading
import rclpy
from airo_frames import FrameSubscription, FrameTimeoutError
from rclpy_loans import apply_profile
logging.basicConfig()
apply_profile()
rclpy.init()
node = rclpy.create_node("reader")
frames = FrameSubscription(node, "/front/frame")
ending = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ending.set()), daemon=True).start()
while not ending.is_set():
    try:
        frame = frames.take(1.0)
        print(json.dumps({
            "sequence": frame.sequence, "shape": frame.image.shape, "zero_copy": frame.is_zero_copy,
            "fx": frame.intrinsics.camera_matrix[0, 0], "mean": float(frame.image.mean()),
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }), flush=True)
    except FrameTimeoutError as error:
        print("silence:", error, flush=True)
frames.close()
node.destroy_node()
rclpy.shutdown()
"""


FACADE = """
from airo_ros2 import Camera, RGBDCamera
from airo_ros2.exceptions import WrongCameraError
with Camera("front", timeout=30.0) as camera:
    camera.grab_images()
    print(camera.resolution, camera.retrieve_rgb_image_as_int().shape, bool(camera.intrinsics_matrix()[0, 0] > 0))
try:
    RGBDCamera("front", timeout=30.0)
except WrongCameraError as error:
    print("depth:", "another host" if "on another host" in str(error) else error)
"""
TRUTH_READER = """
import rclpy
from airo_camera_msgs.msg import TagDetections
from rclpy_loans import LoanSubscription, apply_profile, loan_qos
apply_profile()
rclpy.init()
node = rclpy.create_node("reader")
tags = LoanSubscription(node, TagDetections, "/front/ground_truth", qos=loan_qos(16, reliable=True))
found = tags.take_copy(30.0)
print([int(found["sequence"]), int(found["count"])], flush=True)
tags.close()
node.destroy_node()
rclpy.shutdown()
"""


# A program of another making that subscribes to whole frames, and counts them.
FOREIGN_READER = """
import sys, threading
import rclpy
from airo_camera_msgs.msg import Image640x480
from rclpy.qos import QoSProfile, ReliabilityPolicy
rclpy.init()
node = rclpy.create_node("foreign")
qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
node.create_subscription(Image640x480, "/front/frame", lambda message: print("a whole frame", flush=True), qos)
ending = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ending.set()), daemon=True).start()
while not ending.is_set():
    rclpy.spin_once(node, timeout_sec=0.1)
    print("publishers", node.count_publishers("/front/frame"), flush=True)
node.destroy_node()
rclpy.shutdown()
"""


@pytest.fixture
def network() -> Iterator[Network]:
    """Give two hosts; skips where none can be made."""
    reason = why_no_network()
    if reason:
        pytest.skip(reason)
    with Network() as made:
        yield made


class _Hosts:
    """Starts programs on two hosts."""

    def __init__(self, network: Network, start: Start) -> None:
        self.network = network
        self._start = start

    def start(self, host: Host, *arguments: str, **settings: str) -> Any:
        """Start Python there, with settings in its environment."""
        return self.start_program(host, sys.executable, *arguments, **settings)

    def start_program(self, host: Host, *command: str, **settings: str) -> Any:
        """Start a program there, with settings in its environment."""
        environment = os.environ | {"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"} | settings
        return self._start("-c", ENTER, *host.command(*command), env=environment)

    def start_robot(self, **settings: str) -> None:
        """Start a camera and its compressed relay on the robot."""
        for arguments in (CAMERA, RELAY):
            self.start(self.network.robot, *arguments, **settings)

    def start_reader(self, **settings: str) -> Any:
        """Start the reader on the desk."""
        return self.start(self.network.desk, "-c", READER, **settings)


@pytest.fixture
def hosts(network: Network, start: Start) -> _Hosts:
    """Give two hosts that programs can be started on; they end before the hosts go."""
    return _Hosts(network, start)


def next_frame(reader: Any) -> dict[str, Any]:
    """Return the next frame that a reader prints."""
    return dict(json.loads(reader.expect(r"^\{.*")[0]))


def test_frames_of_another_host_come_compressed(hosts: _Hosts) -> None:
    """Naming the camera is enough: frames come whole, with number and intrinsics, and raw frames stay on the robot."""
    hosts.start_robot()
    reader = hosts.start_reader()
    first = next_frame(reader)
    before = hosts.network.desk.received_bytes()
    frames = [next_frame(reader) for _ in range(30)]
    received = hosts.network.desk.received_bytes() - before
    assert first["shape"] == [480, 640, 3] and not first["zero_copy"] and first["fx"] > 0 and first["mean"] > 10
    sequences = [frame["sequence"] for frame in frames]
    assert sequences == sorted(set(sequences))
    assert received < 0.3 * len(frames) * 480 * 640 * 3  # those not read in between came as well
    assert sum("comes from another host" in line for line in reader.errors) == 1


def test_the_facade_needs_no_more_than_the_name(hosts: _Hosts) -> None:
    """Camera("front") on the desk grabs images of the robot's camera; RGBDCamera says why it cannot."""
    hosts.start_robot()
    program = hosts.start(hosts.network.desk, "-c", FACADE)
    assert program.wait() == 0, program.errors
    assert program.output == ["(640, 480) (480, 640, 3) True", "depth: another host"]


def test_streams_of_the_same_host_stay_zero_copy_meanwhile(hosts: _Hosts) -> None:
    """A reader beside the camera looks at its memory, while another host is served."""
    hosts.start_robot()
    remote = hosts.start_reader()
    next_frame(remote)
    local = hosts.start(hosts.network.robot, "-c", READER)
    assert next_frame(local)["zero_copy"]
    assert not next_frame(remote)["zero_copy"]
    assert local.complaints == []


def test_tags_reach_another_host(hosts: _Hosts) -> None:
    """Messages of fixed size that are shared on the robot go over the network to others, as ordinary messages."""
    hosts.start_robot()
    truth = hosts.start(hosts.network.desk, "-c", TRUTH_READER)
    sequence, count = json.loads(truth.expect(r"^\[.*")[0])
    assert sequence > 0 and count > 0
    assert truth.wait() == 0
    assert not any("DATASHARING" in line for line in truth.errors)


@pytest.mark.parametrize(
    "impairment", [{"loss": 0.01}, {"loss": 0.01, "rate": "4mbit"}], ids=["lossy", "lossy and slow"]
)
def test_a_bad_link_means_fewer_frames(hosts: _Hosts, impairment: dict[str, Any]) -> None:
    """With 1 of 100 packets lost, also on a link for less than the images need, frames go on, and memory is bounded."""
    hosts.start_robot()
    reader = hosts.start_reader()
    next_frame(reader)
    hosts.network.impair(**impairment)
    frames = [next_frame(reader) for _ in range(30)]
    assert frames[-1]["memory_mb"] < frames[0]["memory_mb"] + 30
    sequences = [frame["sequence"] for frame in frames]
    assert sequences == sorted(set(sequences))


def test_a_host_that_goes_away_comes_back(hosts: _Hosts) -> None:
    """An unplugged cable is silence that is explained; plugged in again, frames go on without anything started anew."""
    hosts.start_robot()
    reader = hosts.start_reader()
    last = next_frame(reader)
    hosts.network.set_up(False)
    silence = reader.expect("^silence: .*")[0]
    assert "another host" in silence or "nobody publishes" in silence or "no camera was found" in silence
    hosts.network.set_up(True)
    assert next_frame(reader)["sequence"] > last["sequence"]


def test_without_a_relay_it_is_said_and_nothing_floods_the_link(hosts: _Hosts) -> None:
    """Raw frames are not pulled over the network in their place."""
    hosts.start(hosts.network.robot, *CAMERA)
    reader = hosts.start_reader()
    reader.expect("the camera is on another host, where no relay publishes its images: start one there with")
    before = hosts.network.desk.received_bytes()
    reader.expect("^silence")
    assert hosts.network.desk.received_bytes() - before < 480 * 640 * 3


def test_a_camera_that_stays_at_home_is_not_pulled_over(hosts: _Hosts) -> None:
    """With LOCALHOST for the camera alone no other host can take its whole frames; images of the relay still come."""
    hosts.start(hosts.network.robot, *CAMERA, ROS_AUTOMATIC_DISCOVERY_RANGE="LOCALHOST")
    hosts.start(hosts.network.robot, *RELAY)
    foreign = hosts.start(hosts.network.desk, "-c", FOREIGN_READER)
    reader = hosts.start_reader()
    first = next_frame(reader)
    local = hosts.start(hosts.network.robot, "-c", READER)
    assert next_frame(local)["zero_copy"]
    before = hosts.network.desk.received_bytes()
    frames = [first, *(next_frame(reader) for _ in range(30))]
    assert hosts.network.desk.received_bytes() - before < 0.3 * len(frames) * 480 * 640 * 3
    assert set(foreign.output) == {"publishers 0"}, foreign.output


def test_hosts_find_each_other_without_multicast_by_a_list_of_peers(hosts: _Hosts) -> None:
    """ROS_STATIC_PEERS on one of them is enough."""
    for host in (hosts.network.robot, hosts.network.desk):
        host.run("ip", "link", "set", "cable", "multicast", "off")
    hosts.start_robot()
    reader = hosts.start_reader(ROS_STATIC_PEERS=hosts.network.robot.address)
    assert next_frame(reader)["shape"] == [480, 640, 3]


def test_hosts_find_each_other_through_a_discovery_server(hosts: _Hosts) -> None:
    """Without multicast and peers, with a server on the robot, and readers that ask it for everything."""
    server = Path(sys.prefix) / "bin/fast-discovery-server"
    if not server.exists():
        pytest.skip("fast-discovery-server is not installed")
    robot = hosts.network.robot
    # Fast DDS 3 calls it from its `fastdds discovery` tool, which the wheels lack, with this number for a server; and
    # from the wheels it does not find its own libraries.
    which, libraries = ["-i", "0"], {}
    folder = Path(sys.prefix, "lib")
    if any(folder.glob("libfastdds.so.3*")):
        which = ["42"]
        libraries = {"LD_LIBRARY_PATH": os.pathsep.join(map(str, [folder, *folder.glob("python*/*/ros_fastdds.libs")]))}
    hosts.start_program(robot, str(server), *which, "-l", robot.address, "-p", "11811", **libraries)
    settings = {"ROS_DISCOVERY_SERVER": f"{robot.address}:11811", "ROS_SUPER_CLIENT": "TRUE"}
    hosts.start_robot(**settings)
    reader = hosts.start_reader(**settings)
    assert next_frame(reader)["shape"] == [480, 640, 3]
