"""A process that publishes one type and obeys the lines it is given: publish N, matched, flood, segments, quit."""

from __future__ import annotations

import re
import sys
import threading
from importlib import import_module

import numpy as np
import rclpy

from rclpy_loans import LoanPublisher, apply_profile, loan_qos


def segments() -> list[str]:
    """Return the data-sharing segments that this process maps."""
    with open("/proc/self/maps") as maps:
        return sorted(set(re.findall(r"\S*fast_datasharing\S*", maps.read())))


def main() -> None:
    """Publish constant messages: each byte of the payload is the message's number modulo 256."""
    package, name = sys.argv[1].split("/")
    if "--unshared" not in sys.argv:
        apply_profile()
    rclpy.init()
    node = rclpy.create_node("writer")
    msg_type = getattr(import_module(f"{package}.msg"), name)
    publisher = LoanPublisher(
        node, msg_type, "topic", qos=loan_qos(int(sys.argv[2]), reliable="--reliable" in sys.argv)
    )
    number = 0
    flooding = threading.Event()

    def publish() -> None:
        nonlocal number
        number += 1
        with publisher.loan() as message:
            np.frombuffer(message, np.uint8)[8:-8] = number % 256

    def flood() -> None:
        while flooding.wait():
            for _ in range(20):
                publish()
            threading.Event().wait(0.001)  # between the bursts even a reader on a busy machine finds a whole message

    threading.Thread(target=flood, daemon=True).start()
    print("ready", flush=True)
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "publish":
            for _ in range(int(arguments[0])):
                publish()
            print(f"published {number} zero_copy={publisher.is_zero_copy}", flush=True)
        elif command == "matched":
            while publisher.subscription_count < 1:
                threading.Event().wait(0.005)
            print("matched", flush=True)
        elif command == "flood":
            flooding.set()
        elif command == "segments":
            print("segments", *segments(), flush=True)
        elif command == "quit":
            break
    node.destroy_node()
    rclpy.shutdown()


if __name__ == "__main__":
    main()
