"""What the server answers: the page, its files, the way in, and the WebSocket behind it."""

from __future__ import annotations

import asyncio
import html
import time
from collections.abc import Awaitable, Callable

from aiohttp import WSCloseCode, WSMsgType, web

from airo_view.exceptions import RecorderError, RequestError
from airo_view.web.access import Access
from airo_view.web.assets import Asset, read_assets
from airo_view.web.client import Client
from airo_view.web.connections import Connections
from airo_view.web.hub import Hub
from airo_view.web.limits import RateLimit, RateLimits
from airo_view.web.wire import MAX_REQUEST_BYTES, Acknowledge, Ping, Record, Watch, parse_request

__all__ = ["Pages"]

HEARTBEAT_SECS = 10.0  # a page that answers no ping within half of it is let go
MAX_BODY_BYTES = 4096
BODY_SECS = 5.0
COOKIE_SECS = 30 * 24 * 3600
# What a page can say: each picture is acknowledged, 64 cameras at 60 Hz would be 3840 Hz.
MESSAGES_BURST, MESSAGES_RATE = 2000.0, 4000.0
TOKENS_BURST, TOKENS_RATE = 10.0, 0.2  # Hz; tries, by address
ORDERS_BURST, ORDERS_RATE = 5.0, 1.0  # Hz; orders to recorders, of all pages together
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # none at all would make the Origin of our own form null
    "Server": "airo_view",
    "X-Content-Type-Options": "nosniff",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Pages:
    """Answers requests.

    Args:
        access: who may ask.
        hub: what there is to see.
        record: makes a recorder do something, by its name; returns what it says, raises RecorderError.
        max_clients: pages at the same time.
        port: tells the cookies of several servers on one machine apart.
    """

    def __init__(
        self,
        access: Access,
        hub: Hub,
        *,
        record: Callable[[str, str], Awaitable[str]],
        max_clients: int,
        port: int,
    ) -> None:
        self.connections: Connections | None = None  # set when there is a server
        self._access = access
        self._hub = hub
        self._record = record
        self._max_clients = max_clients
        self._cookie = f"airo_view_{port}"
        self._assets = read_assets()
        self._sockets: set[web.WebSocketResponse] = set()
        self._token_tries = RateLimits(TOKENS_BURST, TOKENS_RATE)
        self._recordings = RateLimit(ORDERS_BURST, ORDERS_RATE)

    def application(self) -> web.Application:
        """Return what the server serves."""
        application = web.Application(middlewares=[self._check], client_max_size=MAX_BODY_BYTES)
        application.on_response_prepare.append(_add_headers)
        application.router.add_get("/", self._page, allow_head=True)
        application.router.add_get("/assets/{name}", self._asset, allow_head=True)
        application.router.add_post("/token", self._take_token)
        application.router.add_get("/socket", self._socket, allow_head=False)
        return application

    async def close(self) -> None:
        """Say goodbye to all pages; they will try again."""
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server ends")

    # --- who may ask ---

    @web.middleware
    async def _check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self.connections is not None:
            self.connections.note(request)
        host, origin = request.headers.get("Host"), request.headers.get("Origin")
        if not self._access.is_our_host(host):
            raise web.HTTPForbidden(
                text=f"this is not {html.escape(host or 'a name')}: open the address that the server printed, "
                "or start it with this name in allowed_hosts\n"
            )
        if request.path != "/" and not self._access.is_our_origin(origin, host=host):
            raise web.HTTPForbidden(text="pages of other sites may not use this server\n")
        return await handler(request)

    def _is_admitted(self, request: web.Request) -> bool:
        return self._access.is_admitted(request.cookies.get(self._cookie))

    # --- the page ---

    async def _page(self, request: web.Request) -> web.StreamResponse:
        if "token" in request.query:
            return self._admit(request, request.query["token"])
        if not self._is_admitted(request):
            return _respond(request, self._assets["token.html"], status=401)
        return _respond(request, self._assets["index.html"])

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        asset = self._assets.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound(text="there is no such file\n")
        return _respond(request, asset)

    async def _take_token(self, request: web.Request) -> web.StreamResponse:
        try:
            form = await asyncio.wait_for(request.post(), BODY_SECS)
        except (asyncio.TimeoutError, ValueError):
            raise web.HTTPBadRequest(text="this is no token\n") from None
        return self._admit(request, str(form.get("token", "")))

    def _admit(self, request: web.Request, token: str) -> web.StreamResponse:
        """Give a browser what it needs from now on, and an address without the token."""
        if self._access.token is None:
            raise web.HTTPSeeOther("/")
        if not self._token_tries.allows(request.remote or "", time.monotonic()):
            raise web.HTTPTooManyRequests(text="too many wrong tokens: wait a minute\n")
        if not self._access.is_right_token(token.strip()):
            return _respond(request, self._assets["wrong_token.html"], status=401)
        response = web.HTTPSeeOther("/")
        response.set_cookie(
            self._cookie, self._access.session, max_age=COOKIE_SECS, httponly=True, samesite="Strict", path="/"
        )
        raise response

    # --- the WebSocket ---

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if not self._is_admitted(request):
            raise web.HTTPUnauthorized(text="open the page first, and give it the token\n")
        if self._hub.client_count >= self._max_clients:
            raise web.HTTPServiceUnavailable(text=f"{self._max_clients} pages are open, which is the limit\n")
        # No compression: pictures cannot be compressed further, and trying costs more than encoding them.
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECS, max_msg_size=MAX_REQUEST_BYTES, compress=False)
        client = Client(socket)
        self._hub.add(client)
        sender: asyncio.Task[None] | None = None
        try:
            await socket.prepare(request)
            self._sockets.add(socket)
            sender = asyncio.ensure_future(client.send_forever())
            # Its end is the connection's; the loop in _listen notices.
            sender.add_done_callback(lambda task: task.cancelled() or task.exception())
            await self._listen(socket, client)
        finally:
            self._hub.remove(client)
            self._sockets.discard(socket)
            if sender is not None:
                sender.cancel()
        return socket

    async def _listen(self, socket: web.WebSocketResponse, client: Client) -> None:
        limit = RateLimit(MESSAGES_BURST, MESSAGES_RATE)
        async for message in socket:
            if message.type != WSMsgType.TEXT or not limit.allows(time.monotonic()):
                await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"too much, or no text")
                return
            try:
                await self._do(client, parse_request(message.data))
            except RequestError as error:
                await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=str(error).encode())
                return

    async def _do(self, client: Client, request: Watch | Acknowledge | Ping | Record) -> None:
        if isinstance(request, Watch):
            self._hub.watch(client, request.widths)
        elif isinstance(request, Acknowledge):
            self._hub.acknowledge(client, request.camera)
        elif isinstance(request, Ping):
            client.tell_object({"type": "pong", "id": request.id, "now_ms": time.time_ns() / 1e6})
        else:
            # Beside the loop: a recorder takes its time, and acknowledgements must not wait for it.
            task = asyncio.ensure_future(self._order(client, request))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _order(self, client: Client, request: Record) -> None:
        answer = {"type": "recorder", "recorder": request.recorder, "action": request.action}
        if not self._recordings.allows(time.monotonic()):
            client.tell_object(answer | {"ok": False, "text": "too many orders: wait a moment"})
            return
        try:
            said = await self._record(request.recorder, request.action)
        except RecorderError as error:
            client.tell_object(answer | {"ok": False, "text": str(error)})
        else:
            client.tell_object(answer | {"ok": True, "text": said})


def _respond(request: web.Request, asset: Asset, *, status: int = 200) -> web.Response:
    headers = {"ETag": f'"{asset.tag}"', "Cache-Control": "no-cache"}
    if status == 200 and request.headers.get("If-None-Match") == headers["ETag"]:
        return web.Response(status=304, headers=headers)
    return web.Response(body=asset.content, content_type=asset.kind, charset="utf-8", headers=headers, status=status)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
