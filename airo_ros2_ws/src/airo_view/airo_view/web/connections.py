"""Connections to the server: not too many, and none that is opened and then left."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

__all__ = ["Connections"]

FIRST_REQUEST_SECS = 10.0  # a connection without a whole request within so long is closed


class Connections:
    """Makes the protocol of each connection, up to a number.

    Args:
        server: makes them.
        limit: how many at the same time; further ones are closed at once.
    """

    def __init__(self, server: web.Server, *, limit: int) -> None:
        self._server = server
        self._limit = limit
        self._silent: dict[object, asyncio.TimerHandle] = {}  # connections that have made no request, and their end

    def __call__(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        if len(self._server.connections) >= self._limit:
            return _Refusal()
        protocol = self._server()
        loop = asyncio.get_running_loop()
        self._silent[protocol] = loop.call_later(FIRST_REQUEST_SECS, self._end_silent, protocol)
        return protocol

    def note(self, request: web.BaseRequest) -> None:
        """Remember that a connection has made a request."""
        timer = self._silent.pop(request.protocol, None)
        if timer is not None:
            timer.cancel()

    def _end_silent(self, protocol: RequestHandler) -> None:
        del self._silent[protocol]
        protocol.force_close()


class _Refusal(asyncio.Protocol):
    """A connection that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.abort()
