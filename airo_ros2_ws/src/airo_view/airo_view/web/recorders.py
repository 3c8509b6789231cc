"""Recorders that run in the ROS domain, and what can be asked of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.client import Client
from rclpy.task import Future
from std_srvs.srv import Trigger

from airo_view.exceptions import RecorderError

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["Recorders"]

ACTIONS = ("start", "stop", "snapshot")
SERVICES = (*ACTIONS, "pause", "resume", "split")  # together they tell a recorder from other things that start and stop
ANSWER_SECS = 15.0  # ending a recording writes what waits to be encoded
_TYPE = "std_srvs/srv/Trigger"
_VALUES = {"state": "state", "seconds": "seconds", "frames written": "written", "frames lost": "lost", "MB": "mb"}


class Recorders:
    """Follows recorders. Its methods are called by rclpy's executor, order() by an event loop in another thread.

    Args:
        node: calls the services.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._clients: dict[str, dict[str, Client]] = {}  # by recorder and action
        self._states: dict[str, dict[str, str]] = {}  # by recorder, as it was told last
        self._diagnostics: Any = None  # subscription, once there is a recorder

    def follow(self) -> Mapping[str, Mapping[str, str]]:
        """Look at what runs now, and return the state of each recorder: state, seconds, written, lost, mb."""
        offered = {name for name, types in self._node.get_service_names_and_types() if _TYPE in types}
        found = {
            name.removesuffix("/start").strip("/")
            for name in offered
            if name.endswith("/start") and all(f"{name.removesuffix('start')}{other}" in offered for other in SERVICES)
        }
        for name in self._clients.keys() - found:
            for client in self._clients.pop(name).values():
                self._node.destroy_client(client)
            self._states.pop(name, None)
        for name in found - self._clients.keys():
            self._clients[name] = {a: self._node.create_client(Trigger, f"/{name}/{a}") for a in ACTIONS}
        if found and self._diagnostics is None:
            self._diagnostics = self._node.create_subscription(
                DiagnosticArray, "/diagnostics", self._on_diagnostics, 10
            )
        return {name: dict(self._states.get(name, {})) for name in sorted(found)}

    def _on_diagnostics(self, message: Any) -> None:
        for status in message.status:
            name = status.name.strip("/")
            if name in self._clients:
                values = {pair.key: pair.value for pair in status.values}
                self._states[name] = {short: values[key] for key, short in _VALUES.items() if key in values}

    async def order(self, name: str, action: str) -> str:
        """Make a recorder do something, and return what it says.

        Args:
            name: of the recorder.
            action: one of ACTIONS.

        Raises:
            RecorderError: there is no such recorder, it does not answer, or it says why it did not do it.
        """
        client = self._clients.get(name, {}).get(action)
        if client is None:
            raise RecorderError(f"there is no recorder {name!r} any more")
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Any] = loop.create_future()
        call = client.call_async(Trigger.Request())
        call.add_done_callback(lambda done: loop.call_soon_threadsafe(_answer, answered, done))
        try:
            response = await asyncio.wait_for(answered, ANSWER_SECS)
        except asyncio.TimeoutError:
            client.remove_pending_request(call)
            raise RecorderError(f"{name} did not answer to {action} within {ANSWER_SECS:g} s") from None
        if not response.success:
            raise RecorderError(f"{name}: {response.message or 'it did not say why'}")
        return str(response.message)


def _answer(answered: asyncio.Future[Any], call: Future) -> None:
    if answered.done():
        return
    if call.exception() is not None:
        answered.set_exception(RecorderError(f"the call failed: {call.exception()}"))
    else:
        answered.set_result(call.result())
