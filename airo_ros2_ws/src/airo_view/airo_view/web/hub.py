"""Between the cameras and the pages: who is shown what. It runs in the event loop, without ROS and sockets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from airo_view.web.client import Client
from airo_view.web.picture import Picture

__all__ = ["Hub", "Stream"]

_SILENT_SECS = 2.0  # a camera that sends nothing for so long is shown as stopped


class Stream(Protocol):
    """Frames and tags of one camera, read while somebody watches it."""

    def want(self, widths: frozenset[int]) -> None:
        """Say what the next picture is for."""

    def close(self) -> None:
        """Stop reading, without waiting for it."""


@dataclass(eq=False)
class _Camera:
    is_published: bool = True  # in the ROS graph
    stream: Stream | None = None  # while somebody watches it
    heard_at: float = field(default_factory=time.monotonic)  # s: when a picture came, or the stream was opened
    is_zero_copy: bool | None = None  # of the last picture


class Hub:
    """Cameras on the one side, pages on the other.

    Args:
        open_stream: begins to read a camera.
    """

    def __init__(self, open_stream: Callable[[str], Stream]) -> None:
        self.recorders: Mapping[str, Mapping[str, str]] = {}  # what they told, by name
        self._open_stream = open_stream
        self._cameras: dict[str, _Camera] = {}
        self._clients: set[Client] = set()

    @property
    def client_count(self) -> int:
        """Pages that are open."""
        return len(self._clients)

    def set_cameras(self, published: Iterable[str]) -> None:
        """Follow the ROS graph. A camera that has gone stays as long as somebody watches it."""
        published = set(published)
        before = self._states()
        for name in published - self._cameras.keys():
            self._cameras[name] = _Camera()
        for name, camera in self._cameras.items():
            camera.is_published = name in published
        self._settle()
        if self._states() != before:
            self.tell_state()

    def add(self, client: Client) -> None:
        """A page was opened."""
        self._clients.add(client)
        client.tell_object(self.state())

    def remove(self, client: Client) -> None:
        """A page was closed."""
        self._clients.discard(client)
        self._settle()

    def watch(self, client: Client, widths: Mapping[str, int]) -> None:
        """A page shows these cameras from now on."""
        client.watch(widths)
        self._settle()

    def acknowledge(self, client: Client, camera: str) -> None:
        """A page is done with a picture."""
        client.acknowledge(camera)
        self._want(camera)

    def deliver(self, picture: Picture) -> None:
        """A camera has a new picture."""
        camera = self._cameras.get(picture.camera)
        if camera is None:
            return
        camera.heard_at, camera.is_zero_copy = time.monotonic(), picture.is_zero_copy
        for client in self._clients:
            client.offer(picture)
        self._want(picture.camera)

    def deliver_tags(self, camera: str, report: str) -> None:
        """A camera's tags were found."""
        for client in self._clients:
            if camera in client.watched:
                client.tell(report)

    def tell_state(self) -> None:
        """Tell all pages what there is."""
        state = self.state()
        for client in self._clients:
            client.tell_object(state)

    def state(self) -> dict[str, Any]:
        """Return what there is, as it is sent to pages."""
        return {
            "type": "state",
            "cameras": [
                {"name": name, "state": state, "zero_copy": self._cameras[name].is_zero_copy}
                for name, state in self._states().items()
            ],
            "recorders": [{"name": name, **told} for name, told in sorted(self.recorders.items())],
            "clients": self.client_count,
        }

    def close(self) -> None:
        """Stop reading all cameras."""
        self._clients.clear()
        self._settle()

    def _states(self) -> dict[str, str]:
        return {name: self._state_of(self._cameras[name]) for name in sorted(self._cameras)}

    def _state_of(self, camera: _Camera) -> str:
        if not camera.is_published:
            return "gone"
        if camera.stream is None:
            return "idle"
        return "live" if time.monotonic() - camera.heard_at < _SILENT_SECS else "silent"

    def _settle(self) -> None:
        """Open and close streams, and forget cameras that have gone and that nobody watches."""
        watched = {name for client in self._clients for name in client.watched}
        for name, camera in list(self._cameras.items()):
            if name not in watched and camera.stream is not None:
                camera.stream.close()
                camera.stream = None
            if name in watched and camera.stream is None and camera.is_published:
                camera.heard_at = time.monotonic()
                camera.stream = self._open_stream(name)
            if name not in watched and not camera.is_published:
                del self._cameras[name]
            self._want(name)

    def _want(self, name: str) -> None:
        camera = self._cameras.get(name)
        if camera is not None and camera.stream is not None:
            widths = (client.wanted_width(name) for client in self._clients)
            camera.stream.want(frozenset(width for width in widths if width is not None))
