"""Tests of airo_camera.sources.device: a real stream from this computer, and devices that are not there."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest
from source_reading import retrieved

from airo_camera.exceptions import SourceOpenError, SourceReadError
from airo_camera.sources.device import DeviceOptions, DeviceSource, StreamSource
from airo_camera.sources.spec import make_source

IMAGES = 20
WAIT_SECS = 60.0


class Handler(BaseHTTPRequestHandler):
    """Serves IMAGES images as motion JPEG at /end and /stall; /hang never answers until the server ends."""

    ending: threading.Event

    def do_GET(self) -> None:
        """Answer a request."""
        if self.path == "/hang":
            self.ending.wait(10)
        elif self.path == "/page":
            self._begin("text/html")
            self.wfile.write(b"<html>no video here</html>")
        elif self.path in ("/end", "/stall"):
            self._stream()
            if self.path == "/stall":
                self.ending.wait(10)
        else:
            self.send_error(404)

    def _stream(self) -> None:
        self._begin("multipart/x-mixed-replace; boundary=image")
        for index in range(IMAGES):
            _, jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), 10 * index, np.uint8))
            self.wfile.write(b"--image\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % jpeg.size)
            self.wfile.write(jpeg.tobytes() + b"\r\n")

    def _begin(self, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    """Address of a server on this computer."""
    handler = type("EndingHandler", (Handler,), {"ending": threading.Event()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        handler.ending.set()
        server.shutdown()
        thread.join()


def test_stream_delivers_its_images(address: str) -> None:
    """Images come in order with the time at which they came; the end of a stream is an error."""
    before = time.time_ns()
    source = make_source(f"{address}/end")
    assert source.is_live
    with source:
        assert source.fps is None
        levels, stamps = [], []
        for _ in range(IMAGES):
            grabbed = source.grab()
            assert grabbed is not None and grabbed.encoding == "bgr8" and grabbed.size_wh == (64, 48)
            stamps.append(grabbed.stamp_nanos)
            levels.append(round(float(retrieved(source, grabbed).mean()), -1))
        with pytest.raises(SourceReadError, match="no more images"):
            source.grab()
    assert levels == [10 * index for index in range(IMAGES)]
    assert before < stamps[0] and stamps == sorted(stamps) and stamps[-1] <= time.time_ns()


def test_stalled_stream_is_an_error(address: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A stream that stops sending ends after the timeout, and OpenCV adds no lines."""
    source = StreamSource(f"{address}/stall", timeout=0.3)
    deadline = time.monotonic() + WAIT_SECS
    while True:  # on a busy machine the first images may take longer than the timeout, too
        try:
            source.open()
            break
        except SourceOpenError:
            assert time.monotonic() < deadline
    with pytest.raises(SourceReadError, match="no more images"):
        for _ in range(IMAGES + 1):
            source.grab()
    source.close()
    assert "WARN" not in capfd.readouterr().err


@pytest.mark.parametrize("path", ["/hang", "/page", "/missing"])
def test_url_without_a_stream_cannot_be_opened(address: str, path: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A server that does not answer, or has no video, is one clear error."""
    source = StreamSource(f"{address}{path}", timeout=0.3)
    with pytest.raises(SourceOpenError, match=rf"{path}: it does not answer within 0\.3 s or is no video stream"):
        source.open()
    assert "WARN" not in capfd.readouterr().err


def test_dead_url_cannot_be_opened() -> None:
    """Nobody listens there."""
    with pytest.raises(SourceOpenError, match="127.0.0.1:9"):
        make_source("http://127.0.0.1:9/stream").open()


def test_password_is_not_shown() -> None:
    """Errors name the URL without the password in it."""
    with pytest.raises(SourceOpenError) as caught:
        make_source("http://user:secret@127.0.0.1:9/stream").open()
    assert "secret" not in str(caught.value) and "user:***@127.0.0.1:9/stream" in str(caught.value)


@pytest.mark.parametrize("spec", ["/dev/video987", "987"])
def test_missing_device_is_named(spec: str, capfd: pytest.CaptureFixture[str]) -> None:
    """A device that is not there is one clear error, by path or by number."""
    source = make_source(spec)
    assert isinstance(source, DeviceSource) and source.is_live
    with pytest.raises(SourceOpenError, match="987"):
        source.open()
    source.close()
    assert "WARN" not in capfd.readouterr().err


def test_what_a_device_gives_instead_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A capture of another size than asked for, here of a file in the place of a device, is one warning."""
    path = str(tmp_path / "device.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*"MJPG"), 25.0, (64, 48))
    for _ in range(3):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()

    class FileAsDevice(DeviceSource):
        def _connected(self) -> cv2.VideoCapture:
            return cv2.VideoCapture(path, cv2.CAP_FFMPEG)

    with FileAsDevice("/dev/video7", options=DeviceOptions(width=640, height=48, fps=30.0)) as source:
        assert source.grab() is not None
    (message,) = caplog.messages
    assert message.startswith("/dev/video7 was asked for width 640, fps 30 and gives 64, 25; it offers unknown: ")
