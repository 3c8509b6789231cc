"""The services and the diagnostics of a running set-up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from airo_camera_msgs.srv import ManageCamera
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node
from std_srvs.srv import Trigger

from airo_ros2.bringup.child_process import ChildState
from airo_ros2.bringup.running_setup import RunningSetup
from airo_ros2.bringup.setup_status import ProcessStatus, SetupStatus
from rclpy_loans import AiroRos2Error

__all__ = ["NODE_PREFIX", "SetupServices"]

NODE_PREFIX = "airo_ros2_"  # of the supervisor's node; the name of the set-up follows
PERIOD_SECS = 1.0


class SetupServices:
    """Serves ~/add_camera, ~/set_camera, ~/remove_camera, ~/restart_camera and ~/status, and publishes /diagnostics.

    Everything happens in the node's executor: the main thread.

    Args:
        node: of the supervisor.
        running: the set-up.
    """

    def __init__(self, node: Node, running: RunningSetup) -> None:
        self._node = node
        self._running = running
        self._newest: SetupStatus | None = None
        self._lock = threading.Lock()  # of _newest, which the metrics' thread reads
        verbs: dict[str, Callable[[str, str], str]] = {
            "add_camera": running.add,
            "set_camera": running.change,
            "remove_camera": lambda name, settings: running.remove(name),
            "restart_camera": lambda name, settings: running.restart(name),
        }
        for name, verb in verbs.items():
            node.create_service(ManageCamera, f"~/{name}", partial(self._answer, verb))
        node.create_service(Trigger, "~/status", self._status)
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        node.create_timer(PERIOD_SECS, self._publish)

    @property
    def newest(self) -> SetupStatus | None:
        """The status of at most a second ago, for other threads; None before the first."""
        with self._lock:
            return self._newest

    def _answer(self, verb: Callable[[str, str], str], request: Any, response: Any) -> Any:
        try:
            response.message = verb(request.name, request.settings)
            response.success = True
        except AiroRos2Error as error:
            response.message, response.success = str(error), False
        return response

    def _status(self, request: Any, response: Any) -> Any:
        response.message, response.success = self._running.status().as_json(), True
        return response

    def _publish(self) -> None:
        status = self._running.status()
        with self._lock:
            self._newest = status
        array = DiagnosticArray(status=[_diagnostic(each, self._node.get_name()) for each in status.processes])
        array.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(array)


def _diagnostic(process: ProcessStatus, supervisor: str) -> DiagnosticStatus:
    levels = {ChildState.FAILED.value: DiagnosticStatus.ERROR, ChildState.WAITING.value: DiagnosticStatus.WARN}
    values = {
        "state": process.state,
        "process id": str(process.process_id or ""),
        "restarts": str(process.restarts),
        "up (s)": f"{process.uptime:.0f}",
        "memory (MB)": f"{process.memory_bytes / 1e6:.1f}",
        "shared memory (MB)": f"{process.shared_memory_bytes / 1e6:.1f}",
        "cpu (%)": f"{process.cpu_percent:.0f}",
        "threads": str(process.threads),
        "open files": str(process.open_files),
        "last ending": process.last_ending,
    }
    return DiagnosticStatus(
        level=levels.get(process.state, DiagnosticStatus.OK),
        name=f"{supervisor}: {process.name}",
        hardware_id=process.camera,
        message=process.state
        if process.state == ChildState.RUNNING.value
        else f"{process.state}; {process.last_ending}",
        values=[KeyValue(key=key, value=value) for key, value in values.items()],
    )
