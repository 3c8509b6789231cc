"""What the relay costs: `airo-ros2 bench relay [--json] [--seconds S]`.

Copies of a 1080p image: times of the relay's two steps as multiples of one memcpy of the image.
Idle: processor time of a relay beside a 1080p camera of 30 Hz, with nobody subscribed and with one reader of image_raw.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rclpy

from rclpy_loans import apply_profile

SIZE_WH = (1920, 1080)
ROUNDS = 60
SETTLE_SECS = 2.0
CAMERA = (
    "-m",
    "airo_camera.node",
    "--ros-args",
    "-r",
    "__ns:=/front",
    "-p",
    "source:='sim:tags?width=1920&height=1080'",
)
RELAY = ("-m", "airo_view.relay.node")


def median_ms(step: Callable[[], Any]) -> float:
    """Return the median time of a step, ms."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        step()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times)


def measure_copies() -> dict[str, float]:
    """Publish one image again and again; what is sent to readers comes on top, and is the middleware's."""
    from sensor_msgs.msg import Image
    from std_msgs.msg import Header

    from airo_view.relay.bulk_publisher import BulkPublisher
    from airo_view.relay.standard_messages import image_message

    node = rclpy.create_node("bench_relay")
    image = np.random.default_rng(0).integers(0, 255, (SIZE_WH[1], SIZE_WH[0], 3), np.uint8)
    place = np.empty_like(image)
    ours = BulkPublisher(node, Image, "/front/image_raw")

    def fill() -> None:
        ours.fill(image_message(Header(), SIZE_WH, "rgb8", row_bytes=SIZE_WH[0] * 3), image)

    result = {"memcpy_ms": median_ms(lambda: np.copyto(place, image)), "fill_ms": median_ms(fill)}
    result["publish_ms"] = median_ms(ours.publish)  # to nobody: what the middleware does for its own history
    result["copies"] = (result["fill_ms"] + result["publish_ms"]) / result["memcpy_ms"]
    ours.close()
    node.destroy_node()
    return result


def processor_secs(process_id: int) -> float:
    """Return the processor time that a process has used, s."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_idle(seconds: float) -> dict[str, float]:
    """Run a camera and a relay, without and with a reader."""
    from rclpy.executors import SingleThreadedExecutor
    from sensor_msgs.msg import Image

    camera, relay = (subprocess.Popen([sys.executable, *arguments]) for arguments in (CAMERA, RELAY))
    node = rclpy.create_node("bench_relay_reader")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        while not node.count_publishers("/front/image_raw"):
            executor.spin_once(timeout_sec=0.1)
        time.sleep(SETTLE_SECS)
        readers_of_camera = node.count_subscribers("/front/frame")
        before = processor_secs(relay.pid)
        time.sleep(seconds)
        idle = (processor_secs(relay.pid) - before) / seconds
        received: list[int] = []

        def keep(message: Any) -> None:
            received.append(len(message.data))

        node.create_subscription(Image, "/front/image_raw", keep, 1)
        while not received:
            executor.spin_once(timeout_sec=0.1)
        before, start, count = processor_secs(relay.pid), time.monotonic(), len(received)
        while time.monotonic() - start < seconds:
            executor.spin_once(timeout_sec=0.1)
        elapsed = time.monotonic() - start
        busy = (processor_secs(relay.pid) - before) / elapsed
        rate = (len(received) - count) / elapsed
    finally:
        executor.shutdown()
        node.destroy_node()
        for process in (camera, relay):
            process.send_signal(2)
        for process in (camera, relay):
            process.wait(10.0)
    return {
        "subscriptions_to_camera_when_idle": readers_of_camera,
        "idle_percent_of_core": idle * 100,
        "busy_percent_of_core": busy * 100,
        "rate_hz": rate,
    }


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="airo-ros2 bench relay", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    options = parser.parse_args()
    apply_profile("relay.xml")
    rclpy.init()
    result = {"copies": measure_copies(), "relay": measure_idle(options.seconds)}
    rclpy.shutdown()
    if options.json:
        sys.stdout.write(json.dumps(result) + "\n")
        return 0
    for title, values in result.items():
        for name, value in values.items():
            sys.stdout.write(f"{title} {name} {value:.3g}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
