"""The part of ROS that the facade keeps for itself, so that its users need not know of it.

One context and one node per ROS domain, made at first use and closed at exit. They are the facade's own: the user's
rclpy, its signal handlers and its executors are left alone, and nothing here ever spins.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Protocol

from airo_ros2.exceptions import FacadeError, ForkedError
from rclpy_loans.orphans import remove_orphans
from rclpy_loans.profile import apply_profile

if TYPE_CHECKING:
    from rclpy.context import Context
    from rclpy.node import Node

__all__ = ["Closeable", "check_process", "close_at_exit", "domain_id", "node_or_own", "shutdown"]

MAX_DOMAIN_ID = 232


class Closeable(Protocol):
    """Something that the end of the process, or shutdown(), closes."""

    def close(self) -> None:
        """Release everything. Calling it again does nothing."""


class _Session:
    """A context and a node in one ROS domain."""

    def __init__(self, domain: int) -> None:
        apply_profile()
        from rclpy.context import Context
        from rclpy.node import Node

        self._context: Context = Context()
        # Not rclpy.init(): that is about the user's context and signal handlers.
        self._context.init([], domain_id=domain)
        self.node = Node(
            f"airo_ros2_{os.getpid()}",
            context=self._context,
            use_global_arguments=False,
            enable_rosout=False,
            start_parameter_services=False,
        )

    def close(self) -> None:
        self.node.destroy_node()
        self._context.try_shutdown()


_lock = threading.RLock()
_sessions: dict[int, _Session] = {}  # by ROS domain
_open: weakref.WeakSet[Closeable] = weakref.WeakSet()
_closing_in: int | None = None  # process in which multiprocessing will call shutdown()
# What a forked child inherits is kept and never touched: to close it would wait for threads that the child lacks.
_inherited: list[object] = []


def node_or_own(node: Node | None) -> Node:
    """Return the user's node, or the facade's own node in the current ROS domain.

    Raises:
        ForkedError: this is a forked child of a process that used ROS.
        FacadeError: ROS_DOMAIN_ID is not a number of a domain.
    """
    if node is not None:
        return node
    if _inherited:
        raise ForkedError(
            "this process was forked from one that had already started ROS 2, which does not work in the copy: "
            "use multiprocessing.get_context('spawn'), or fork before the first camera is opened"
        )
    with _lock:
        domain = domain_id()
        if domain not in _sessions:
            _sessions[domain] = _Session(domain)
            _register_at_exit()
        return _sessions[domain].node


def domain_id() -> int:
    """Return the ROS domain of this process.

    Raises:
        FacadeError: ROS_DOMAIN_ID is not a number of a domain.
    """
    text = os.environ.get("ROS_DOMAIN_ID") or "0"
    if not text.isdecimal() or int(text) > MAX_DOMAIN_ID:
        raise FacadeError(f"ROS_DOMAIN_ID is {text!r}: expected a whole number from 0 to {MAX_DOMAIN_ID}")
    return int(text)


def close_at_exit(closeable: Closeable) -> None:
    """Remember something that is to be closed before its node; it is not kept alive."""
    with _lock:
        _open.add(closeable)
        _register_at_exit()


def check_process(process_id: int, what: str) -> None:
    """Do nothing if this is the process in which something was made.

    Raises:
        ForkedError: it is a forked child.
    """
    if os.getpid() != process_id:
        raise ForkedError(
            f"{what} was opened in process {process_id} and is used in its forked child {os.getpid()}, where it does "
            "not work: open it in the child, which must be spawned: multiprocessing.get_context('spawn')"
        )


def shutdown() -> None:
    """Close every camera, reader and publisher of this process, and leave ROS. Done at exit by itself.

    What was made on a node of the user is closed, too; the node is not. Later use begins anew.
    """
    with _lock:
        for closeable in list(_open):
            closeable.close()
        _open.clear()
        for session in _sessions.values():
            session.close()
        _sessions.clear()
        # Only now: a process of ours that was killed also keeps our own files, which it had open, from being removed.
        remove_orphans()


def _register_at_exit() -> None:
    """Have shutdown() run at exit, before what others, such as rclpy, have registered so far."""
    global _closing_in
    atexit.unregister(shutdown)
    atexit.register(shutdown)
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None and _closing_in != os.getpid():
        from multiprocessing.util import Finalize

        _closing_in = os.getpid()
        Finalize(None, shutdown, exitpriority=0)  # its forked children end without what atexit knows


def _after_fork() -> None:
    global _lock, _open
    rclpy = sys.modules.get("rclpy")
    if _sessions or len(_open) or (rclpy is not None and rclpy.ok()):
        _inherited.append((dict(_sessions), list(_open)))
    _sessions.clear()
    _open = weakref.WeakSet()
    _lock = threading.RLock()  # a thread of the parent may have held it


os.register_at_fork(after_in_child=_after_fork)
