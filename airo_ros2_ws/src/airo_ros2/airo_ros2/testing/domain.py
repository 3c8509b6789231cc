"""A ROS domain that nobody else on this machine uses."""

from __future__ import annotations

import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from airo_ros2.session import shutdown
from rclpy_loans.profile import apply_profile

__all__ = ["private_domain"]

DOMAINS = range(1, 101)  # higher ones reach into the ports that Linux gives to others
FIRST_LOCK_PORT = 32768  # as domain_coordinator of ament has it: tests of both keep out of each other's way
LOCALHOST = {"ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"}


@contextmanager
def private_domain() -> Iterator[int]:
    """Set ROS_DOMAIN_ID to a domain of one's own while a block runs, for this process and those it starts.

    At the end everything that airo_ros2 has opened in this process is closed, and the variables are as before.

    Yields:
        Number of the domain.
    """
    lock, number = _locked_domain()
    names = {"ROS_DOMAIN_ID": str(number), **LOCALHOST}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    apply_profile()
    try:
        yield number
    finally:
        shutdown()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        lock.close()


def _locked_domain() -> tuple[socket.socket, int]:
    for number in random.sample(DOMAINS, len(DOMAINS)):
        lock = socket.socket()
        try:
            lock.bind(("", FIRST_LOCK_PORT + number))
        except OSError:  # somebody else's
            lock.close()
        else:
            return lock, number
    raise RuntimeError("all ROS domains of this machine are in use by other tests: wait for them to end")
