"""A page without a browser: speaks to the web view as a real one does."""

from __future__ import annotations

import json
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import cv2
import numpy as np
from numpy.typing import NDArray

WAIT_SECS = 60.0


@dataclass(frozen=True, eq=False)
class Shown:
    """A picture as it arrived."""

    head: dict[str, Any]
    jpeg: bytes

    @property
    def image(self) -> NDArray[np.uint8]:
        """(H, W, 3) uint8 RGB."""
        decoded = cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR)
        assert decoded is not None
        return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB))


class PageClient:
    """One connection to the web view."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, **content: Any) -> None:
        """Send a request."""
        await self.socket.send_str(json.dumps(content))

    async def receive(self) -> Shown | dict[str, Any]:
        """Return the next picture or object."""
        message = await self.socket.receive(WAIT_SECS)
        if message.type == aiohttp.WSMsgType.TEXT:
            content: dict[str, Any] = json.loads(message.data)
            return content
        assert message.type == aiohttp.WSMsgType.BINARY, message
        (length,) = struct.unpack("<I", message.data[:4])
        return Shown(json.loads(message.data[4 : 4 + length]), message.data[4 + length :])

    async def picture(self, *, acknowledge: bool = True) -> Shown:
        """Wait for a picture."""
        while True:
            received = await self.receive()
            if isinstance(received, Shown):
                if acknowledge:
                    await self.say(type="ack", camera=received.head["camera"])
                return received

    async def object(self, kind: str) -> dict[str, Any]:
        """Wait for an object of a type; pictures are acknowledged meanwhile."""
        while True:
            received = await self.receive()
            if isinstance(received, Shown):
                await self.say(type="ack", camera=received.head["camera"])
            elif received["type"] == kind:
                return received

    async def state_of(self, camera: str, wanted: set[str | None]) -> str | None:
        """Wait until a camera has one of some states; None stands for not being there."""
        while True:
            state = await self.object("state")
            found = {entry["name"]: entry["state"] for entry in state["cameras"]}.get(camera)
            if found in wanted:
                return found

    async def close_code(self) -> int | None:
        """Wait until the server has closed the connection, and return why."""
        while True:
            message = await self.socket.receive(WAIT_SECS)
            if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING):
                return self.socket.close_code


@asynccontextmanager
async def connected(url: str, **headers: str) -> AsyncIterator[PageClient]:
    """Open a page."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}socket", headers=headers) as socket:
        yield PageClient(socket)
