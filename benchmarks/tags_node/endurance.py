"""Whether the node lasts: memory over minutes at full rate, `python -m tags_node.endurance --minutes 10`.

A camera process publishes 1080p frames faster than the node can search them; the node runs with every output that
somebody can listen to. With --changes parameters are changed once a minute. Exit status 1 if the node's memory grew by
more than 2 MB after the warm-up.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import rclpy
from airo_camera_msgs.msg import TagDetections
from geometry_msgs.msg import PoseArray, PoseWithCovarianceStamped
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage
from visualization_msgs.msg import MarkerArray

from rclpy_loans import LoanSubscription, apply_profile, loan_qos

BENCHMARKS = Path(__file__).resolve().parent.parent
WARM_UP_SECS = 60.0
MAX_GROWTH_MB = 2.0
CHANGES: tuple[dict[str, float], ...] = (
    {"decimate": 2.0},
    {"max_rate": 20.0},
    {"tracking_period": 15},
    {"min_decision_margin": 25.0},
    {},
)
DEFAULTS: dict[str, float] = {"decimate": 1.0, "max_rate": 0.0, "tracking_period": 1, "min_decision_margin": 20.0}


def resident_mb(process_id: int) -> float:
    """Return the memory of a process that is its own: shared memory of frames comes and goes with the camera."""
    status = Path(f"/proc/{process_id}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return float(fields["RssAnon"].split()[0]) / 1024


def main() -> int:
    """Run for some minutes, print one JSON object per half minute and a last one with the verdict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rate", type=float, default=60.0, help="of the camera, Hz")
    parser.add_argument("--changes", action="store_true", help="change parameters once a minute")
    arguments = parser.parse_args()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(BENCHMARKS), os.environ.get("PYTHONPATH", "")])}
    camera = [sys.executable, "-m", "tags_node.stream_camera", "rgb8", str(arguments.rate)]
    node = [sys.executable, "-m", "tag_pose.node", "--ros-args", "-r", "__ns:=/bench", "--log-level", "warn"]
    node += ["-p", f"workers:={arguments.workers}", "-p", "tags:='{0: {frame: door}}'"]
    started = [subprocess.Popen(command, env=environment) for command in (camera, node)]
    try:
        return watch(started[1], minutes=arguments.minutes, changes_parameters=arguments.changes)
    finally:
        for process in started:
            process.send_signal(signal.SIGINT)
        for process in started:
            process.wait(10.0)


def watch(process: subprocess.Popen[bytes], *, minutes: float, changes_parameters: bool) -> int:
    """Listen to everything the node publishes, change its parameters, and watch its memory."""
    apply_profile()
    rclpy.init()
    node = rclpy.create_node("endurance", namespace="/bench")
    counts = {"tags": 0, "others": 0}

    def count(_: object) -> None:
        counts["others"] += 1

    tags = LoanSubscription(
        node,
        TagDetections,
        "tags",
        lambda _: counts.update(tags=counts["tags"] + 1),
        qos=loan_qos(16, reliable=True),
        newest=False,
    )
    for kind, topic in (
        (PoseArray, "tag_poses"),
        (MarkerArray, "tag_markers"),
        (PoseWithCovarianceStamped, "tag_poses/door"),
        (CompressedImage, "tags_overlay/compressed"),
    ):
        node.create_subscription(kind, topic, count, 10)
    settings = node.create_client(SetParametersAtomically, "tag_pose/set_parameters_atomically")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    samples: list[tuple[float, float]] = []  # s since the start, MB
    start, changes = time.monotonic(), 0
    while (elapsed := time.monotonic() - start) < 60 * minutes + WARM_UP_SECS:
        executor.spin_once(timeout_sec=0.1)
        if process.poll() is not None:
            raise SystemExit(f"the node ended with status {process.returncode}")
        if elapsed >= (len(samples) + 1) * 30:
            samples.append((elapsed, resident_mb(process.pid)))
            print(json.dumps({"s": round(elapsed), "mb": round(samples[-1][1], 2), **counts}), flush=True)
        if changes_parameters and elapsed >= (changes + 1) * 60:
            values = DEFAULTS | CHANGES[changes % len(CHANGES)]
            parameters = [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
            settings.call_async(SetParametersAtomically.Request(parameters=parameters))
            changes += 1
    tags.close()
    executor.shutdown()
    node.destroy_node()
    rclpy.shutdown()
    later = [mb for elapsed, mb in samples if elapsed >= WARM_UP_SECS]
    growth = later[-1] - later[0]
    verdict = {"warm_mb": later[0], "end_mb": later[-1], "growth_mb": growth, "frames": counts["tags"]}
    print(json.dumps(verdict), flush=True)
    return int(growth > MAX_GROWTH_MB)


if __name__ == "__main__":
    sys.exit(main())
