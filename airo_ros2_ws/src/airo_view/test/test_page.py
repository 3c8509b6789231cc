"""The page in a real browser, with real cameras and tags."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from chromium import Chromium

Start = Callable[..., Any]

# Where the corners of the tags are on the screen, as they are drawn and as the detection says, from one and the same
# moment: the picture's own place on the screen maps the detection's pixels, whose centres are at whole numbers.
CORNERS = """
const tile = airoView.largeTile();
if (!tile || !tile.head || !tile.shownTags || !tile.shownTags.detections.length) return null;
if (tile.shownTags.sequence !== tile.head.sequence) return null;
if (Number(tile.canvas.dataset.sequence) !== tile.head.sequence) return null;
const box = tile.canvas.getBoundingClientRect();
const scale = box.width / tile.head.width;
return tile.shownTags.detections.map((tag) => {
  const polygon = tile.svg.querySelector(`[data-tag="${tag.family}:${tag.id}"] .outline`);
  const matrix = polygon.getScreenCTM();
  const drawn = [...polygon.points].map((p) => [matrix.a * p.x + matrix.e, matrix.d * p.y + matrix.f]);
  const detected = tag.corners.map(([x, y]) => [box.left + (x + 0.5) * scale, box.top + (y + 0.5) * scale]);
  return {id: tag.id, drawn, detected, scale};
});
"""
PICTURE = """
const tile = airoView.largeTile();
return {url: tile.canvas.toDataURL("image/png"), corners: tile.shownTags.detections.map((t) => t.corners),
        isExact: tile.shownTags.sequence === tile.head.sequence, scale: tile.canvas.width / tile.head.width};
"""


@pytest.fixture
def start_tags(start: Start, start_camera: Start) -> Callable[..., Any]:
    """Give a function that starts a simulated camera with tag_pose."""

    def start_both(name: str, source: str = "sim:?tags=2&width=640&height=480&fps=10") -> Any:
        camera = start_camera(name, source)
        start("-m", "tag_pose.node", "--ros-args", "-r", f"__ns:=/{name}")
        return camera

    return start_both


def decoded(data_url: str) -> Any:
    """Return (H, W) uint8 grey of a PNG that the page gave."""
    import base64

    encoded = np.frombuffer(base64.b64decode(data_url.partition(",")[2]), np.uint8)
    return cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE)


def test_one_camera(chromium: Chromium, start_tags: Start, start_view: Start) -> None:
    """The picture moves, the overlay lies on the tags at several zooms, its parts can be switched off, keys work."""
    start_tags("front")
    view = start_view()
    chromium.driver.get(view.url)
    check_that_the_picture_moves(chromium)
    check_that_outlines_lie_on_the_picture(chromium)
    for width, height, zoom in ((1440, 900, 1.0), (1440, 900, 2.5), (1440, 900, 7.0), (800, 600, 1.0), (390, 844, 1.0)):
        chromium.resize(width, height, is_phone=width < 500)
        chromium.run("airoView.largeTile().setView({zoom: arguments[0], x: 0.05, y: 0.05})", zoom)
        check_the_outlines(chromium, zoom)
    chromium.resize(1440, 900)
    chromium.press("0")
    check_the_toggles(chromium)
    check_numbers_and_table(chromium)
    for scheme in ("dark", "light"):
        chromium.prefer(scheme)
        chromium.until(
            "return document.documentElement.classList.contains('light') === arguments[0]", scheme == "light"
        )
        chromium.keep_picture(f"desktop_{scheme}")
    assert chromium.complaints() == []


def check_that_the_picture_moves(chromium: Chromium) -> None:
    """New frames are painted, and they differ."""
    first = chromium.until("const c = document.querySelector('.tile canvas'); return c && c.dataset.sequence")
    pixels = "return document.querySelector('.tile canvas').toDataURL('image/png')"
    before = decoded(chromium.run(pixels))
    chromium.until(
        "return Number(document.querySelector('.tile canvas').dataset.sequence) > arguments[0] + 5", int(first)
    )
    after = decoded(chromium.run(pixels))
    assert before.shape == after.shape and before.std() > 10
    assert np.abs(before.astype(int) - after).max() > 50


def check_that_outlines_lie_on_the_picture(chromium: Chromium) -> None:
    """Along the border of each tag that is drawn, the painted picture is dark within and bright beyond it."""
    found = chromium.until(f"const f = () => {{ {CORNERS} }}; if (!f()) return null; {PICTURE}")
    assert found["isExact"]
    image = decoded(found["url"])
    for corners in np.array(found["corners"]):
        middle = corners.mean(axis=0)
        for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            edge = (a + b) / 2
            within, beyond = (edge + (middle - edge) * share for share in (0.1, -0.1))
            values = [image[tuple(np.rint(p * found["scale"]).astype(int)[::-1])] for p in (within, beyond)]
            assert int(values[1]) - int(values[0]) > 60


def check_the_outlines(chromium: Chromium, zoom: float) -> None:
    """What is drawn lies within 2 px of the screen on what was detected."""
    chromium.until("return airoView.largeTile().view.zoom === arguments[0]", zoom)
    for tag in chromium.until(CORNERS):
        distance = np.linalg.norm(np.subtract(tag["drawn"], tag["detected"]), axis=1).max()
        assert distance < 2.0, (zoom, tag)


def check_the_toggles(chromium: Chromium) -> None:
    """Each part of the overlay is there or not, as its button and its key say."""
    parts = {"o": ".outline", "i": ".label.id", "a": ".axis", "p": ".label:not(.id)"}
    for key, selector in parts.items():
        is_there = f"return Boolean(document.querySelector('.tile svg {selector}'))"
        chromium.until(is_there)
        chromium.press(key)
        chromium.until(f"return !document.querySelector('.tile svg {selector}')")
        name = {"o": "outline", "i": "id", "a": "axes", "p": "position"}[key]
        chromium.run("document.querySelector(`[data-toggle=${arguments[0]}]`).click()", name)
        chromium.until(is_there)
    chromium.press("y")
    chromium.press("u")
    chromium.until("return document.querySelector('.tile svg').textContent.includes('yaw')")
    chromium.until("return document.querySelector('.tile svg').textContent.includes('±')")
    chromium.press("y")
    chromium.press("u")


def check_numbers_and_table(chromium: Chromium) -> None:
    """Rates, latency and zero-copy are told, and each tag has its row with its pose."""
    chromium.until("return document.querySelectorAll('#tags tbody tr').length === 2")
    chromium.until("return document.querySelector('[data-name=zero-copy] dd').textContent === 'yes'")
    assert chromium.until("return airoView.largeTile().numbers().latency") > 0
    cells = chromium.run(
        "return [...document.querySelectorAll('#tags tbody tr')].map((r) => r.innerText.split(/\\s+/))"
    )
    assert [row[0] for row in cells] == ["0", "1"] and all(0.3 < float(row[3]) < 3 for row in cells)
    assert chromium.run("return airoView.scene.tags.size") == 2


def test_several_cameras(chromium: Chromium, start_tags: Start, start_camera: Start, start_view: Start) -> None:
    """All are shown as a mosaic, one large on a click or key; one that stops says so; phones show them as a column."""
    start_tags("front")
    side = start_camera("side", "sim:?width=640&height=480&fps=10&tilt=20")
    view = start_view()
    chromium.driver.get(view.url)
    chromium.until("return document.querySelectorAll('.tile canvas[data-sequence]').length === 2")
    assert chromium.run("return airoView.isMosaic()")
    chromium.keep_picture("desktop_mosaic")
    # A thumbnail is sent smaller than the frame that is shown large.
    chromium.resize(390, 844, is_phone=True)
    chromium.until("return [...airoView.tiles.values()].every((t) => t.canvas.width < 640)")
    chromium.until("return [...airoView.tiles.values()].every((t) => t.box.clientWidth > 100)")
    tops = chromium.run("return [...airoView.tiles.values()].map((t) => t.root.getBoundingClientRect().top)")
    assert tops[1] - tops[0] > 100
    assert chromium.run("return document.documentElement.scrollWidth <= innerWidth")
    chromium.keep_picture("phone_mosaic")
    chromium.resize(1440, 900)
    chromium.run("airoView.tiles.get('side').root.click()")
    chromium.until("return airoView.largeTile()?.name === 'side' && airoView.largeTile().canvas.width === 640")
    chromium.press("1")
    chromium.until("return airoView.largeTile().name === 'front'")
    chromium.resize(390, 844, is_phone=True)
    assert chromium.run("return document.documentElement.scrollWidth <= innerWidth")
    chromium.keep_picture("phone_one")
    chromium.resize(1440, 900)
    chromium.press("m")
    chromium.until("return airoView.isMosaic()")
    side.popen.send_signal(signal.SIGINT)
    assert side.wait() == 0
    chromium.until(
        "return document.querySelector('[data-camera=side] .state:not([hidden])')?.textContent.includes('stopped')"
    )
    chromium.keep_picture("desktop_stopped")
    assert chromium.complaints() == []


def test_a_server_that_is_started_again(chromium: Chromium, start_camera: Start, start_view: Start) -> None:
    """The page says that the connection is lost, and goes on by itself when the server is back."""
    start_camera()
    view = start_view()
    chromium.driver.get(view.url)
    chromium.until("return document.querySelector('.tile canvas')?.dataset.sequence")
    view.popen.send_signal(signal.SIGKILL)
    view.popen.wait()
    chromium.until("return !document.getElementById('notice').hidden")
    last = chromium.run("return Number(document.querySelector('.tile canvas')?.dataset.sequence ?? 0)")
    start_view(port=urlsplit(view.url).port)
    chromium.until("return document.getElementById('notice').hidden")
    chromium.until("return Number(document.querySelector('.tile canvas')?.dataset.sequence) > arguments[0]", last)


def test_the_token_page(chromium: Chromium, start_camera: Start, start_view: Start) -> None:
    """A wrong token is told, the right one opens the page; the printed address does so at once, and is not kept."""
    start_camera()
    view = start_view("host:=0.0.0.0")
    token = urlsplit(view.url).query.removeprefix("token=")
    url = f"http://127.0.0.1:{urlsplit(view.url).port}/"
    chromium.driver.get(url)
    give = "document.querySelector('[name=token]').value = arguments[0]; document.querySelector('form').submit()"
    assert not chromium.run("return Boolean(window.airoView)")
    chromium.keep_picture("token")
    chromium.run(give, "not the token at all")
    chromium.until("return document.body.innerText.includes('That was not the token')")
    chromium.run(give, token)
    chromium.until("return document.querySelector('.tile canvas')?.dataset.sequence")
    chromium.driver.delete_all_cookies()
    chromium.driver.get(f"{url}?token={token}")
    chromium.until("return document.querySelector('.tile canvas')?.dataset.sequence")
    assert chromium.driver.current_url == url
    assert chromium.run("return document.cookie") == ""


def test_a_page_of_another_site(chromium: Chromium, start_view: Start, tmp_path: Path) -> None:
    """It can neither open the WebSocket, nor show the page in itself, nor read it."""
    view = start_view()
    (tmp_path / "index.html").write_text(f"<!doctype html><title>other</title><iframe src='{view.url}'></iframe>")
    command = [sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as other:
        try:
            assert other.stdout is not None
            port = other.stdout.readline().split("port ")[1].split()[0]
            chromium.driver.get(f"http://127.0.0.1:{port}/")
            socket_url = view.url.replace("http", "ws") + "socket"
            opened = chromium.driver.execute_async_script(
                "const [url, done] = arguments; const s = new WebSocket(url);"
                "s.onopen = () => done('open'); s.onerror = () => done('refused');",
                socket_url,
            )
            assert opened == "refused"
            read = chromium.driver.execute_async_script(
                "const [url, done] = arguments; fetch(url).then((a) => a.text()).then(done, () => done('refused'));",
                view.url,
            )
            assert read == "refused"
            assert any("frame-ancestors" in line or "refused to connect" in line for line in chromium.complaints())
        finally:
            other.terminate()
