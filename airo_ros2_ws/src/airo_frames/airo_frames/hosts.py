"""Which publishers are on this host, and which are of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rclpy

from rclpy_loans import rcl
from rclpy_loans.shared_memory import segment_path

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["is_of_this_process", "is_on_this_host"]

_HOST = slice(0, 4)  # of a GID of Fast DDS: the vendor, and a hash of the host's addresses
_PARTICIPANT = slice(0, 12)  # of a GID of DDS


def is_on_this_host(node: Node, gid: bytes) -> bool:
    """Return whether a publisher is on this host, as far as the middleware tells; True where it does not.

    Addresses can change between the starts of two processes, so a publisher that shares memory with this host is here
    whatever they say. One in a container that shares neither memory nor network with us is on another host.

    Args:
        node: any of this process.
        gid: of the publisher; the first 16 bytes are looked at.
    """
    if "fastrtps" not in rclpy.get_rmw_implementation_identifier():
        return True
    if segment_path(gid[:16]).exists():
        return True
    return _own_gid(node)[_HOST] == gid[_HOST]


def is_of_this_process(node: Node, gid: bytes) -> bool:
    """Return whether a publisher belongs to the same participant as a node, which is that of its context.

    Args:
        node: any of this process.
        gid: of the publisher.
    """
    return _own_gid(node)[_PARTICIPANT] == gid[_PARTICIPANT]


def _own_gid(node: Node) -> bytes:
    with (handle := node._parameter_event_publisher.handle):  # the publisher that every node has
        return rcl.publisher_gid(handle)
