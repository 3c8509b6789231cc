"""Connections that are too many, or say nothing."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

import airo_view.web.connections as connections_module
from airo_view.web.connections import Connections

WAIT_SECS = 60.0


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    """Return what comes until the server closes the connection."""
    try:
        return await asyncio.wait_for(reader.read(), WAIT_SECS)
    except ConnectionResetError:
        return b""


async def serve(limit: int) -> tuple[web.AppRunner, asyncio.Server, int]:
    """Start a server with one page."""

    async def answer(request: web.Request) -> web.Response:
        made.note(request)  # as the web view does
        return web.Response(text="page")

    application = web.Application()
    application.router.add_get("/", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    assert runner.server is not None
    made = Connections(runner.server, limit=limit)
    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    return runner, server, server.sockets[0].getsockname()[1]


def test_too_many_are_refused_until_others_end() -> None:
    """One more than allowed is closed at once; when one ends, there is room again."""

    async def scenario() -> None:
        runner, server, port = await serve(limit=3)
        opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        refused, refused_writer = await asyncio.open_connection("127.0.0.1", port)
        assert await read_to_end(refused) == b""
        refused_writer.close()
        opened[0][1].close()
        await opened[0][1].wait_closed()
        for reader, writer in opened[1:]:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert (await read_to_end(reader)).endswith(b"page")
            writer.close()
        server.close()
        await runner.cleanup()

    asyncio.run(scenario())


def test_those_that_say_nothing_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection without a whole request is ended; one that made a request stays."""
    monkeypatch.setattr(connections_module, "FIRST_REQUEST_SECS", 0.3)

    async def scenario() -> None:
        runner, server, port = await serve(limit=10)
        asking, asking_writer = await asyncio.open_connection("127.0.0.1", port)
        asking_writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await asyncio.wait_for(asking.readuntil(b"page"), WAIT_SECS)).startswith(b"HTTP/1.1 200")
        silent, silent_writer = await asyncio.open_connection("127.0.0.1", port)
        half, half_writer = await asyncio.open_connection("127.0.0.1", port)
        half_writer.write(b"GET / HTTP/1.1\r\nHost:")
        assert await read_to_end(silent) == b"" and await read_to_end(half) == b""
        asking_writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await read_to_end(asking)).endswith(b"page")
        for writer in (asking_writer, silent_writer, half_writer):
            writer.close()
        server.close()
        await runner.cleanup()

    asyncio.run(scenario())
