"""One set-up of a name at a time."""

from __future__ import annotations

import os
import socket

from airo_ros2.exceptions import SetupRunningError

__all__ = ["SetupLock"]


class SetupLock:
    """Holds the name of a set-up in a ROS domain, for this user and this machine's network, until close().

    It is a name of the kernel and not a file: nothing stays behind when the process is killed, and a container with a
    network, and so ROS graph, of its own has names of its own.

    Args:
        name: of the set-up.

    Raises:
        SetupRunningError: it runs already.
    """

    def __init__(self, name: str) -> None:
        domain = os.environ.get("ROS_DOMAIN_ID") or "0"
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.bind(f"\0airo_ros2/{os.geteuid()}/{domain}/{name}")
        except OSError as error:
            self._socket.close()
            raise SetupRunningError(
                f"the set-up {name} runs already in ROS domain {domain}: end it, or give this one another name "
                "(the key name of its file)"
            ) from error

    def close(self) -> None:
        """Let the name go."""
        self._socket.close()
