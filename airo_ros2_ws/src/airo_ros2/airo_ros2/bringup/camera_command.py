"""`airo-ros2 camera`: asks the supervisor of a running set-up."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import rclpy
import yaml
from airo_camera_msgs.srv import ManageCamera
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from std_srvs.srv import Trigger

from airo_ros2.bringup.setup_services import NODE_PREFIX
from airo_ros2.bringup.setup_status import SetupStatus
from airo_ros2.bringup.status_table import status_lines
from airo_ros2.exceptions import ConfigError, ControlError
from rclpy_loans import apply_profile

__all__ = ["run_camera_command", "settings_yaml"]

_SETTLING_SECS = 0.5  # the others are found soon after the first
_AGAIN_SECS = 0.5  # without an answer; the supervisor may be busy
_SERVICE = "add_camera"  # by which a supervisor is recognised


def run_camera_command(arguments: argparse.Namespace, *, write: Callable[[str], None]) -> int:
    """Do what the command line asks for, and return the exit status.

    Args:
        arguments: verb, name, source, settings, setup, timeout, json.
        write: prints a line.

    Raises:
        ConfigError: a setting cannot be understood.
        ControlError: no set-up, or several, or it did not answer, or refused.
    """
    settings = ""
    if arguments.verb in ("add", "set"):
        settings = settings_yaml(arguments.settings, source=getattr(arguments, "source", None))
    apply_profile()
    rclpy.init()
    try:
        node = rclpy.create_node("airo_ros2_camera_command")
        client = _Client(node, arguments.setup, arguments.timeout)
        if arguments.verb == "list":
            status = client.status()
            if arguments.json:
                write(status.as_json())
            else:
                for line in status_lines(status):
                    write(line)
        else:
            write(client.manage(f"{arguments.verb}_camera", arguments.name, settings))
        node.destroy_node()
    except KeyboardInterrupt:
        return 130
    finally:
        rclpy.try_shutdown()
    return 0


def settings_yaml(pairs: Sequence[str], *, source: str | None) -> str:
    """Return KEY=VALUE pairs as a YAML mapping; dots lead into sections, values are YAML.

    Paths become absolute: the supervisor has another working folder.

    Raises:
        ConfigError: a pair has no =, or its key is given twice.
    """
    content: dict[str, Any] = {} if source is None else {"source": source}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not sign or not key:
            raise ConfigError(f"got {pair!r}, expected KEY=VALUE, for example depth=8 or tags.size=0.08")
        *sections, name = key.split(".")
        place = content
        for section in sections:
            place = place.setdefault(section, {})
            if not isinstance(place, dict):
                raise ConfigError(f"{section} is both a value and a section: expected one of them")
        if name in place:
            raise ConfigError(f"{key} is given twice: expected it once")
        try:
            place[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise ConfigError(f"{key}: cannot read the value {value!r}") from error
    return json.dumps(_with_absolute_paths(content))


def _with_absolute_paths(content: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(content)
    for key in ("source", "calibration"):
        path = found.get(key)
        if isinstance(path, str) and (os.path.exists(path) or key == "calibration"):
            found[key] = str(Path(path).expanduser().absolute())
    if "parameters" in found:
        files = found["parameters"] if isinstance(found["parameters"], list) else [found["parameters"]]
        found["parameters"] = [str(Path(str(file)).expanduser().absolute()) for file in files]
    return found


class _Client:
    """Calls the services of one set-up."""

    def __init__(self, node: Node, setup: str | None, timeout: float) -> None:
        self._node = node
        self._deadline = time.monotonic() + timeout
        self._timeout = timeout
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(node)
        self._supervisor = self._find(setup)

    def manage(self, service: str, name: str, settings: str) -> str:
        """Return the answer to a request about a camera."""
        client = self._node.create_client(ManageCamera, f"/{self._supervisor}/{service}")
        # A supervisor that does not know our reader yet drops its answer, and a camera cannot be added twice to find
        # out. It learns of readers in the order in which they were made: whoever answers the next one knows this one.
        self.status()
        answer = self._call(client, ManageCamera.Request(name=name, settings=settings), again_after=self._timeout)
        if not answer.success:
            raise ControlError(answer.message)
        return str(answer.message)

    def status(self) -> SetupStatus:
        """Return how the set-up is doing."""
        client = self._node.create_client(Trigger, f"/{self._supervisor}/status")
        return SetupStatus.from_json(self._call(client, Trigger.Request(), again_after=_AGAIN_SECS).message)

    def _find(self, setup: str | None) -> str:
        """Return the name of the supervisor's node."""
        wanted = None if setup is None else NODE_PREFIX + setup
        settled: float | None = None
        found: set[str] = set()
        while time.monotonic() < min(self._deadline, settled or self._deadline):
            services = [name for name, _ in self._node.get_service_names_and_types()]
            found = {name.split("/")[1] for name in services if name.endswith(f"/{_SERVICE}")}
            if wanted in found:
                return str(wanted)
            if found and wanted is None and settled is None:
                settled = time.monotonic() + _SETTLING_SECS
            self._executor.spin_once(timeout_sec=0.05)
        names = ", ".join(sorted(name.removeprefix(NODE_PREFIX) for name in found))
        if wanted is not None or not found:
            what = "no set-up" if setup is None else f"no set-up {setup}"
            there = f"; running are {names}" if names else ": start one with airo-ros2 bringup CONFIG.yaml"
            raise ControlError(f"{what} runs in ROS domain {self._node.context.get_domain_id()}{there}")
        if len(found) > 1:
            raise ControlError(f"several set-ups run: choose one with --setup: {names}")
        return found.pop()

    def _call(self, client: Any, request: Any, *, again_after: float) -> Any:
        """Return the answer to a request, which is sent again and again until one comes."""
        while not client.service_is_ready():
            self._spin(client, "is not there")
        while True:
            future = client.call_async(request)
            again = time.monotonic() + again_after
            while time.monotonic() < again:
                self._spin(client, "does not answer")
                if future.done():
                    self._node.destroy_client(client)
                    return future.result()
            client.remove_pending_request(future)

    def _spin(self, client: Any, trouble: str) -> None:
        if time.monotonic() > self._deadline:
            raise ControlError(f"{client.srv_name} {trouble} within {self._timeout:g} s")
        self._executor.spin_once(timeout_sec=0.02)
