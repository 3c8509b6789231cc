"""The event loop and the HTTP server, in a thread of their own beside rclpy's executor."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from airo_view.web.access import Access
from airo_view.web.connections import Connections
from airo_view.web.hub import Hub, Stream
from airo_view.web.pages import Pages
from airo_view.web.picture import Picture

__all__ = ["ViewServer"]

STATE_SECS = 1.0  # between two reports to the pages
ENDING_SECS = 2.0
CONNECTIONS_PER_PAGE = 4
MORE_CONNECTIONS = 32
_logger = logging.getLogger(__name__)
# aiohttp logs what is no HTTP with a trace: anybody who connects could fill the log with that.
_logger.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError)))


class ViewServer:
    """Serves the page until it is closed.

    Args:
        listener: socket that listens; closed here.
        access: who may ask.
        open_stream: begins to read a camera; called in the server's thread.
        record: makes a recorder do something; awaited in the server's thread.
        max_clients: pages at the same time.
        failed: called in the server's thread with an error that ended it.
    """

    def __init__(
        self,
        listener: socket.socket,
        access: Access,
        *,
        open_stream: Callable[[str], Stream],
        record: Callable[[str, str], Awaitable[str]],
        max_clients: int,
        failed: Callable[[Exception], None],
    ) -> None:
        self._listener = listener
        self._max_clients = max_clients
        self._failed = failed
        self._hub = Hub(open_stream)
        port = listener.getsockname()[1]
        self._pages = Pages(access, self._hub, record=record, max_clients=max_clients, port=port)
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._thread.start()

    # --- called by any thread ---

    def deliver(self, picture: Picture) -> None:
        """Show a picture to those who watch its camera."""
        self._call(self._hub.deliver, picture)

    def deliver_tags(self, camera: str, report: str) -> None:
        """Show tags to those who watch their camera."""
        self._call(self._hub.deliver_tags, camera, report)

    def set_graph(self, cameras: Iterable[str], recorders: Mapping[str, Mapping[str, str]]) -> None:
        """Say what there is.

        Args:
            cameras: names of those that publish.
            recorders: what they told, by name.
        """
        self._call(self._set_graph, frozenset(cameras), dict(recorders))

    def close(self) -> None:
        """End the connections and the thread."""
        self._call(self._end.set)
        self._thread.join(2 * ENDING_SECS)

    def _call(self, function: Callable[..., object], *arguments: object) -> None:
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:  # the loop is closed: nobody watches any more
            pass

    # --- in the server's thread ---

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except Exception as error:  # must end the node with its reason, not a silent thread
            self._failed(error)
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        runner = web.AppRunner(
            self._pages.application(), access_log=None, logger=_logger, keepalive_timeout=15.0, shutdown_timeout=1.0
        )
        await runner.setup()
        assert runner.server is not None  # there is one after setup()
        limit = CONNECTIONS_PER_PAGE * self._max_clients + MORE_CONNECTIONS
        connections = self._pages.connections = Connections(runner.server, limit=limit)
        server = await self._loop.create_server(connections, sock=self._listener)
        try:
            while not self._end.is_set():
                self._hub.tell_state()
                await _wait(self._end, STATE_SECS)
        finally:
            server.close()
            await asyncio.wait([asyncio.ensure_future(self._pages.close())], timeout=ENDING_SECS)
            await runner.cleanup()
            self._hub.close()

    def _set_graph(self, cameras: frozenset[str], recorders: Mapping[str, Mapping[str, str]]) -> None:
        has_changed = recorders != self._hub.recorders
        self._hub.recorders = recorders
        self._hub.set_cameras(cameras)
        if has_changed:
            self._hub.tell_state()


async def _wait(event: asyncio.Event, timeout: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), timeout)
    except asyncio.TimeoutError:
        pass
