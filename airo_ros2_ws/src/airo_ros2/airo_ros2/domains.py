"""Which ROS domains are in use on this machine, and which cameras run there.

ROS discovery does not cross domains. But Fast DDS names its ports in shared memory after their numbers, and a number
tells the domain: 7400 + 250 * domain + an offset below 250 (DDSI-RTPS 2.5, 9.6.2.3).
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from rclpy_loans.orphans import find_leftovers
from rclpy_loans.shared_memory import SHARED_MEMORY

__all__ = ["cameras_in_domain", "domains_in_use"]

_PORT = re.compile(r"^(?:fastrtps|fastdds)_port(\d+)$")
FIRST_PORT = 7400
PORTS_PER_DOMAIN = 250
POLL_SECS = 0.05


def domains_in_use(*, folder: Path = SHARED_MEMORY) -> list[int]:
    """Return the ROS domains in which processes of this user and machine talk now, sorted."""
    ports = (_PORT.match(path.name) for path in find_leftovers(folder=folder).in_use)
    numbers = {int(port[1]) - FIRST_PORT for port in ports if port}
    return sorted({number // PORTS_PER_DOMAIN for number in numbers if number >= 0})


def cameras_in_domain(domain: int, *, timeout: float) -> list[str]:
    """Return the cameras of another ROS domain, by joining it for a moment.

    Args:
        domain: its number.
        timeout: s, how long to look.
    """
    from rclpy.context import Context
    from rclpy.node import Node

    from airo_ros2.graph import cameras_seen_by

    context = Context()
    context.init([], domain_id=domain)
    try:
        node = Node("airo_ros2_probe", context=context, enable_rosout=False, start_parameter_services=False)
        try:
            deadline = time.monotonic() + timeout
            while not (found := cameras_seen_by(node)) and time.monotonic() < deadline:
                time.sleep(POLL_SECS)
            return found
        finally:
            node.destroy_node()
    finally:
        context.try_shutdown()
