"""Connections to the server: not too many, and none that is opened and then left."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable

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

    def __init__(self, server: web.Server[web.Request], *, limit: int) -> None:
        self._server = server
        self._limit = limit
        self._have_asked: weakref.WeakSet[RequestHandler[web.Request]] = weakref.WeakSet()

    def __call__(self) -> asyncio.Protocol:
        """Return the protocol of a new connection."""
        if len(self._server.connections) >= self._limit:
            return _Refusal()
        protocol = self._server()
        asyncio.get_running_loop().call_later(FIRST_REQUEST_SECS, self._close_if_silent, weakref.ref(protocol))
        return protocol

    def note(self, request: web.Request) -> None:
        """Remember that a connection has made a request."""
        self._have_asked.add(request.protocol)

    def _close_if_silent(self, reference: Callable[[], RequestHandler[web.Request] | None]) -> None:
        protocol = reference()
        if protocol is not None and protocol not in self._have_asked:
            protocol.force_close()


class _Refusal(asyncio.Protocol):
    """A connection that is one too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            transport.abort()
