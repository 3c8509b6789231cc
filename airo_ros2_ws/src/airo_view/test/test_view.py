"""The web view in a process of its own, with real cameras before it and pages behind it."""

from __future__ import annotations

import asyncio
import http.client
import os
import re
import signal
import socket
import struct
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from page_client import PageClient, connected
from rclpy.executors import SingleThreadedExecutor
from std_srvs.srv import Trigger

Start = Callable[..., Any]


def request(url: str, path: str, *, method: str = "GET", body: str | None = None, **headers: str) -> Any:
    """Make one HTTP request as it stands, and return the answer with its body read."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60.0)
    connection.putrequest(method, path, skip_host="Host" in headers)
    if body is not None:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body)), **headers}
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders(body.encode() if body is not None else None)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content.decode(errors="replace")


def raw_connection(url: str, text: str) -> socket.socket:
    """Open a connection and send bytes as they are."""
    parts = urlsplit(url)
    made = socket.create_connection((parts.hostname, parts.port), timeout=60.0)
    made.sendall(text.encode())
    return made


HANDSHAKE = (
    "GET /socket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


def masked_text(text: str) -> bytes:
    """Return a WebSocket message as a page sends it; the mask is zero, so the text stands in it as it is."""
    assert len(text) < 126
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text.encode()


def test_pictures_and_tags_of_a_camera(
    start: Start, start_camera: Start, start_view: Start, end_cleanly: Start
) -> None:
    """A page gets the frames as pictures with their heads, and each result of tag_pose with projected axes."""
    start_camera("front", "sim:?tags=2&width=640&height=480")
    start("-m", "tag_pose.node", "--ros-args", "-r", "__ns:=/front")
    view = start_view()

    async def scenario() -> None:
        async with connected(view.url) as page:
            assert await page.state_of("front", {"idle"}) == "idle"
            await page.say(type="watch", cameras={"front": 640})
            first, second = await page.picture(), await page.picture()
            assert second.head["sequence"] > first.head["sequence"] and second.head["stamp_ms"] > first.head["stamp_ms"]
            assert (second.head["width"], second.head["height"], second.head["zero_copy"]) == (640, 480, True)
            assert second.image.shape == (480, 640, 3) and second.image.std() > 10
            assert second.head["intrinsics"]["fx"] > 0
            assert not (first.image == second.image).all()
            tags = await page.object("tags")
            while not all(tag["axes"] for tag in tags["detections"]):
                tags = await page.object("tags")
            assert [tag["id"] for tag in tags["detections"]] == [0, 1]
            for tag in tags["detections"]:
                assert len(tag["yaw_pitch_roll_deg"]) == len(tag["sigma_m"]) == 3 and "covariance" not in tag
                origin, corners = tag["axes"][0], tag["corners"]
                assert min(x for x, _ in corners) < origin[0] < max(x for x, _ in corners)
            await page.say(type="watch", cameras={"front": 150})
            small = await page.picture()
            while small.image.shape[1] == 640:  # what was on its way
                small = await page.picture()
            assert small.image.shape == (120, 160, 3) and small.head["width"] == 640
            assert await page.state_of("front", {"live"}) == "live"

    asyncio.run(scenario())
    end_cleanly(view)


def test_nobody_watches_nothing_is_read(start_camera: Start, start_view: Start, node: Any) -> None:
    """The view subscribes to a camera when a page watches it, and lets go of it when none does."""
    start_camera()
    view = start_view()

    def readers() -> int:
        return int(node.count_subscribers("/camera/frame") + node.count_subscribers("/camera/tags"))

    async def until_readers_are(count: int, page: PageClient) -> None:
        while readers() != count:
            await page.object("state")

    async def scenario() -> None:
        async with connected(view.url) as page, connected(view.url) as other:
            await page.state_of("camera", {"idle"})
            assert readers() == 0
            await page.say(type="watch", cameras={"camera": 640, "no/such/camera": 640})
            await other.say(type="watch", cameras={"camera": 160})
            await page.picture()
            await other.picture()
            await until_readers_are(2, page)  # one for frames and one for tags, for both pages together
            await other.say(type="watch", cameras={})
            await page.picture()
            assert readers() == 2
            await page.say(type="watch", cameras={})
            await until_readers_are(0, page)

    asyncio.run(scenario())


def test_cameras_come_and_go(start_camera: Start, start_view: Start, end_cleanly: Start) -> None:
    """A camera that starts appears, one that ends is shown as gone while it is watched, and comes back."""
    view = start_view()

    async def scenario() -> None:
        async with connected(view.url) as page:
            first = await page.object("state")
            assert first["cameras"] == [] and first["recorders"] == []
            camera = start_camera("late", "sim:?width=640&height=480")
            await page.state_of("late", {"idle"})
            await page.say(type="watch", cameras={"late": 640})
            before = await page.picture()
            camera.popen.send_signal(signal.SIGSTOP)
            await page.state_of("late", {"silent"})
            camera.popen.send_signal(signal.SIGCONT)
            await page.state_of("late", {"live"})
            camera.popen.send_signal(signal.SIGINT)
            assert camera.wait() == 0
            await page.state_of("late", {"gone"})
            start_camera("late", "sim:?width=1280&height=720")  # another message class
            after = await page.picture()
            while after.head["width"] != 1280:
                after = await page.picture()
            assert before.head["width"] == 640
            await page.state_of("late", {"live"})
            await page.say(type="watch", cameras={})

    asyncio.run(scenario())
    end_cleanly(view)


def test_slow_and_stalled_pages_cost_the_others_nothing(
    start_camera: Start, start_view: Start, end_cleanly: Start
) -> None:
    """Pages that never acknowledge, never read or vanish in the middle of a picture; another one sees everything."""
    start_camera()
    view = start_view()

    async def scenario() -> None:
        async with connected(view.url) as good, connected(view.url) as lazy:
            await lazy.state_of("camera", {"idle"})
            await lazy.say(type="watch", cameras={"camera": 640})
            for _ in range(2):
                await lazy.picture(acknowledge=False)
            stalled = [raw_connection(view.url, HANDSHAKE) for _ in range(5)]  # they are never read from
            for connection in stalled:
                connection.sendall(masked_text('{"type":"watch","cameras":{"camera":640}}'))
            await good.say(type="watch", cameras={"camera": 640})
            sequences = [(await good.picture()).head["sequence"] for _ in range(30)]
            assert sequences == sorted(set(sequences))
            for connection in stalled:
                # An end with a reset, as of a machine that was switched off while a picture was on its way.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
            await good.picture()
            # The lazy one got its two pictures and no more, until it is ready again.
            await lazy.say(type="ping", id=1)
            while True:
                received = await lazy.receive()
                assert isinstance(received, dict), "a picture that nobody was ready for"
                if received["type"] == "pong":
                    break
            await lazy.say(type="ack", camera="camera")
            assert (await lazy.picture()).head["sequence"] >= sequences[-1]

    asyncio.run(scenario())
    end_cleanly(view)


def test_pages_that_send_rubbish_are_let_go(start_view: Start, end_cleanly: Start) -> None:
    """What is not understood, too long or too much ends that connection, with a reason, and no other."""
    view = start_view()

    async def is_let_go(code: int, *messages: str | bytes) -> None:
        async with connected(view.url) as bad:
            try:
                for message in messages:
                    await (bad.socket.send_str if isinstance(message, str) else bad.socket.send_bytes)(message)
            except (aiohttp.ClientConnectionError, ConnectionError):
                return  # it was closed before all was said
            assert await bad.close_code() == code

    async def scenario() -> None:
        async with connected(view.url) as good:
            await is_let_go(1008, "[" * 10000)
            await is_let_go(1008, os.urandom(1000))
            await is_let_go(1009, "x" * 100_000)
            await is_let_go(1008, *['{"type":"ack","camera":"camera"}'] * 50_000)
            await good.say(type="ping", id=7)
            assert (await good.object("pong"))["id"] == 7

    asyncio.run(scenario())
    end_cleanly(view)


def test_too_many_pages(start_view: Start) -> None:
    """One page more than allowed is refused with a reason; when one is closed, there is room."""
    view = start_view("max_clients:=1")

    async def scenario() -> None:
        async with connected(view.url) as page:
            await page.object("state")
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                async with connected(view.url):
                    pass
            assert refused.value.status == 503
        while True:
            try:
                async with connected(view.url) as page:
                    await page.object("state")
                    return
            except aiohttp.WSServerHandshakeError:
                continue  # the server has not noticed yet that the first one has gone

    asyncio.run(scenario())


def test_other_sites_and_paths(start_view: Start, end_cleanly: Start) -> None:
    """Rebound names, pages of other sites, paths out of the folder and bytes that are no HTTP get nothing."""
    view = start_view()
    answer, page = request(view.url, "/")
    assert answer.status == 200 and "airo" in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for name in re.findall(r'(?:src|href)="(assets/[^"]+)"', page):
        assert request(view.url, f"/{name}")[0].status == 200
    answer, text = request(view.url, "/", Host="evil.example")
    assert answer.status == 403 and "allowed_hosts" in text
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec_WebSocket_Version": "13",
        "Sec_WebSocket_Key": "x" * 24,
    }
    assert request(view.url, "/socket", Origin="http://evil.example", **upgrade)[0].status == 403
    assert request(view.url, "/socket", Origin="null", **upgrade)[0].status == 403
    assert request(view.url, "/token", method="POST", body="token=x", Origin="http://evil.example")[0].status == 403
    for path in (
        "/../../../../etc/passwd",
        "/assets/../pages.py",
        "/assets/%2e%2e%2fpages.py",
        "/assets/..%2f..%2fexceptions.py",
        "/assets//etc/passwd",
        "/assets/",
        "/assets/%00",
        "/nothing",
    ):
        answer, text = request(view.url, path)
        assert answer.status in (400, 404) and "import" not in text and "root:" not in text, path
    assert request(view.url, "/", method="DELETE")[0].status == 405
    assert request(view.url, "/token", method="POST", body="token=" + "x" * 100_000)[0].status in (303, 413)
    for rubbish in (
        "GARBAGE\r\n\r\n",
        "\x00\x01\x02\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\n" + "a" * 100_000,
    ):
        with raw_connection(view.url, rubbish) as connection:
            try:
                connection.recv(100)
            except ConnectionResetError:
                pass
    assert request(view.url, "/")[0].status == 200
    end_cleanly(view)


def test_a_view_that_others_reach_wants_a_token(start_view: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the token there is neither page nor WebSocket; with it, a cookie that scripts cannot read."""
    view = start_view("host:=0.0.0.0")
    token = urlsplit(view.url).query.removeprefix("token=")
    assert len(token) >= 32
    url = f"http://127.0.0.1:{urlsplit(view.url).port}/"
    answer, text = request(url, "/")
    assert answer.status == 401 and "token" in text and token not in text
    with pytest.raises(aiohttp.WSServerHandshakeError, match="401"):
        asyncio.run(_open(url))
    assert request(url, "/?token=wrong")[0].status == 401
    assert request(url, "/token", method="POST", body="token=wrong")[0].status == 401
    for answer, _ in (request(url, f"/?token={token}"), request(url, "/token", method="POST", body=f"token={token}")):
        assert answer.status == 303 and answer.headers["Location"] == "/"
        cookie = answer.headers["Set-Cookie"]
        assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and token not in cookie
    session = cookie.partition(";")[0]
    assert request(url, "/", Cookie=session)[0].status == 200
    asyncio.run(_open(url, Cookie=session))
    tries = [request(url, "/?token=wrong")[0].status for _ in range(12)]
    assert tries[-1] == 429  # guessing is slow


async def _open(url: str, **headers: str) -> None:
    async with connected(url, **headers) as page:
        await page.object("state")


class _Recorder:
    """The services and the state of a recorder, as airo_recorder's node offers them."""

    def __init__(self, node: Any) -> None:
        from diagnostic_msgs.msg import DiagnosticArray

        self.asked: list[str] = []
        self._node = node
        self._state = "stopped"
        for action in ("start", "stop", "pause", "resume", "split", "snapshot"):
            node.create_service(Trigger, f"/recorder/{action}", lambda _, response, a=action: self._do(a, response))
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        node.create_timer(0.1, self._tell)

    def _do(self, action: str, response: Any) -> Any:
        self.asked.append(action)
        response.success = action != "snapshot"
        response.message = f"{action} done" if response.success else "nothing is kept in memory"
        self._state = {"start": "recording", "stop": "stopped"}.get(action, self._state)
        return response

    def _tell(self) -> None:
        from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

        values = [KeyValue(key="state", value=self._state), KeyValue(key="seconds", value="3.5")]
        self._publisher.publish(DiagnosticArray(status=[DiagnosticStatus(name="/recorder", values=values)]))


def test_recordings(start_view: Start, node: Any) -> None:
    """A recorder that runs is offered with its state; orders reach it, and its answers come back."""
    view = start_view()
    recorder = _Recorder(node)
    executor = SingleThreadedExecutor()
    executor.add_node(node)

    async def scenario() -> None:
        async with connected(view.url) as page:
            while not (await page.object("state"))["recorders"]:
                pass
            await page.say(type="record", recorder="recorder", action="start")
            answer = await page.object("recorder")
            assert (answer["ok"], answer["text"]) == (True, "start done")
            while True:
                (told,) = (await page.object("state"))["recorders"]
                if told.get("state") == "recording":
                    break
            assert told == {"name": "recorder", "state": "recording", "seconds": "3.5"}
            await page.say(type="record", recorder="recorder", action="snapshot")
            answer = await page.object("recorder")
            assert (answer["ok"], answer["text"]) == (False, "recorder: nothing is kept in memory")
            await page.say(type="record", recorder="nobody", action="stop")
            assert "there is no recorder 'nobody'" in (await page.object("recorder"))["text"]
            for _ in range(8):
                await page.say(type="record", recorder="recorder", action="stop")
            answers = [await page.object("recorder") for _ in range(8)]
            assert any("too many orders" in answer["text"] for answer in answers)
        assert recorder.asked[:2] == ["start", "snapshot"]

    async def with_executor() -> None:
        import threading

        is_over = threading.Event()

        def spin() -> None:
            while not is_over.is_set():
                executor.spin_once(timeout_sec=0.05)

        spinning = threading.Thread(target=spin)
        spinning.start()
        try:
            await scenario()
        finally:
            is_over.set()
            spinning.join()
            executor.shutdown()

    asyncio.run(with_executor())


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        ("port:=70000", "port got 70000: expected a whole number at least 0 and at most 65535"),
        ("host:=203.0.113.7", "cannot listen on 203.0.113.7 port 8080"),
        ("quality:=0", "quality got 0"),
        ("token:=secret", "unknown parameter 'token'"),
    ],
)
def test_bad_parameters_end_the_node_with_one_line(start: Start, parameter: str, text: str) -> None:
    """A view that cannot be as it was asked for says why, at once."""
    process = start("-m", "airo_view.web.node", "--ros-args", "-p", parameter)
    assert process.wait() == 2
    assert len(process.complaints) == 1 and text in process.complaints[0]


def test_a_taken_port(start: Start, start_view: Start) -> None:
    """A second view on the same port says so, or takes another one where any will do."""
    first = start_view()
    port = urlsplit(first.url).port
    second = start("-m", "airo_view.web.node", "--ros-args", "-p", f"port:={port}")
    assert second.wait() == 2 and f"port {port}: Address already in use" in second.complaints[0]
    third = start_view("any_port:=true", port=port)
    assert urlsplit(third.url).port != port


def test_depth_and_both_views(start_camera: Start, start_view: Start, end_cleanly: Start) -> None:
    """A stereo camera with depth is three pictures, of the same frames; the depth is in colours."""
    start_camera("zed", "sim:tags?width=640&height=480&fps=10&stereo=0.12")
    view = start_view()

    async def scenario() -> None:
        async with connected(view.url) as page:
            for name in ("zed", "zed:depth", "zed:right"):
                await page.state_of(name, {"idle"})
            await page.say(type="watch", cameras={"zed": 640, "zed:depth": 640, "zed:right": 640})
            shown: dict[int, dict[str, Any]] = {}
            while not any(len(pictures) == 3 for pictures in shown.values()):
                picture = await page.picture()
                shown.setdefault(picture.head["sequence"], {})[picture.head["camera"]] = picture
            left, depth, right = (
                next(p for p in shown.values() if len(p) == 3)[f"zed{part}"] for part in ("", ":depth", ":right")
            )
            assert (left.head["encoding"], depth.head["encoding"], right.head["encoding"]) == ("rgb8", "32FC1", "rgb8")
            assert left.image.shape == depth.image.shape == right.image.shape == (480, 640, 3)
            assert abs(left.image.astype(int) - right.image).mean() > 1 and depth.image.std() > 10
            await page.say(type="watch", cameras={"zed:nothing": 640, "zed:": 640})
            await page.state_of("zed", {"idle"})

    asyncio.run(scenario())
    end_cleanly(view)
