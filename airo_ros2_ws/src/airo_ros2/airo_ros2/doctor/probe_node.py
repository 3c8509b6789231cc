"""The two processes of the probe: `python -m airo_ros2.doctor.probe_node writer|reader TOPIC`."""

from __future__ import annotations

import json
import select
import sys
import time

import rclpy
from rclpy.utilities import get_rmw_implementation_identifier

from airo_frames import FramePublisher, FrameSubscription
from airo_frames.exit_status import EXIT_SAID_WHY
from rclpy_loans import AiroRos2Error, apply_profile, loan_qos

__all__ = ["main"]

SIZE_WH = (640, 480)
PERIOD_SECS = 0.02
FRAMES = 20
FIRST_FRAME_SECS = 10.0
QOS = loan_qos(reliable=True)  # where frames of this size are copied, few arrive whole unless they are repeated


def main(role: str, topic: str) -> int:
    """Publish frames until stdin ends, or read some; print what became of them as one JSON object, the last line."""
    apply_profile()
    rclpy.init()
    node = rclpy.create_node(f"doctor_{role}")
    try:
        _write(node, topic) if role == "writer" else _read(node, topic)
    except AiroRos2Error as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_SAID_WHY
    finally:
        node.destroy_node()
        rclpy.try_shutdown()
    return 0


def _write(node: rclpy.node.Node, topic: str) -> None:
    publisher = FramePublisher(node, topic, size_wh=SIZE_WH, encoding="rgb8", frame_id="doctor", qos=QOS)
    while not select.select([sys.stdin], [], [], PERIOD_SECS)[0]:
        with publisher.borrow(stamp_nanos=time.time_ns(), size_wh=SIZE_WH, encoding="rgb8") as image:
            image[...] = (publisher.sequence + 1) % 256
    _tell(zero_copy=publisher.is_zero_copy)
    publisher.close()


def _read(node: rclpy.node.Node, topic: str) -> None:
    subscription = FrameSubscription(node, topic, qos=QOS)
    latencies, is_zero_copy = [], True
    for _ in range(FRAMES):
        frame = subscription.take(timeout=FIRST_FRAME_SECS)
        latencies.append((time.time_ns() - frame.stamp_nanos) / 1e6)
        corners = {int(frame.image[row, column, 0]) for row in (0, -1) for column in (0, -1)}
        if frame.is_valid() and corners != {frame.sequence % 256}:
            raise AiroRos2Error(f"frame {frame.sequence} holds {corners}: expected {frame.sequence % 256}")
        is_zero_copy = frame.is_zero_copy
        if not is_zero_copy:  # one is enough, and the next may take long
            break
    subscription.close()
    _tell(zero_copy=is_zero_copy, latencies_ms=sorted(latencies), rmw=get_rmw_implementation_identifier())


def _tell(**content: object) -> None:
    sys.stdout.write("\n" + json.dumps(content) + "\n")  # Fast DDS writes its errors to stdout too


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
