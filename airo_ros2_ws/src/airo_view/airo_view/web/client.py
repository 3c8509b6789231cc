"""What one open page is shown: the newest of each camera, as soon as it is ready for it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from airo_view.web.picture import Picture, reduction_for

__all__ = ["Client"]

MAX_IN_FLIGHT = 2  # pictures of one camera that a page has not acknowledged: one that it draws, one on its way
MAX_TEXTS = 64  # that wait to be sent; then the oldest is dropped


class Client:
    """One open page. Used in the event loop alone.

    What waits for a page is bounded: one picture of each camera that it watches, and some text. So a page that reads
    slowly, or never, costs no other page anything, and sees the newest pictures rather than all.

    Args:
        socket: to the page.
    """

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self.watched: Mapping[str, int] = {}  # px on the screen, by the camera's name
        self._socket = socket
        self._pictures: dict[str, bytes] = {}  # to be sent, by camera
        self._in_flight: Counter[str] = Counter()  # by camera
        self._texts: deque[str] = deque(maxlen=MAX_TEXTS)  # to be sent
        self._has_work = asyncio.Event()

    def wanted_width(self, camera: str) -> int | None:
        """Return how wide the next picture of a camera is to be, px; None while the page does not want one."""
        waiting = self._in_flight[camera] + (camera in self._pictures)
        return self.watched.get(camera) if waiting < MAX_IN_FLIGHT else None

    def watch(self, widths: Mapping[str, int]) -> None:
        """Show these cameras and no others from now on."""
        self.watched = widths
        self._pictures = {camera: message for camera, message in self._pictures.items() if camera in widths}

    def acknowledge(self, camera: str) -> None:
        """Count a picture as seen."""
        if self._in_flight[camera] > 0:
            self._in_flight[camera] -= 1

    def offer(self, picture: Picture) -> None:
        """Send a picture if it has the size that the page wants; it takes the place of one that still waits."""
        camera = picture.camera
        width = self.watched.get(camera)
        if width is None or (camera not in self._pictures and self.wanted_width(camera) is None):
            return
        message = picture.messages.get(reduction_for(picture.width, width))
        if message is not None:
            self._pictures[camera] = message
            self._has_work.set()

    def tell(self, text: str) -> None:
        """Send a text."""
        self._texts.append(text)
        self._has_work.set()

    def tell_object(self, content: Mapping[str, Any]) -> None:
        """Send an object as JSON."""
        self.tell(json.dumps(content, allow_nan=False, separators=(",", ":")))

    async def send_forever(self) -> None:
        """Send what there is, until the connection ends.

        Raises:
            ConnectionError: it did.
        """
        while True:
            await self._has_work.wait()
            self._has_work.clear()
            while self._texts or self._pictures:
                while self._texts:
                    await self._socket.send_str(self._texts.popleft())
                if self._pictures:
                    camera = next(iter(self._pictures))
                    message = self._pictures.pop(camera)
                    self._in_flight[camera] += 1
                    await self._socket.send_bytes(message)
