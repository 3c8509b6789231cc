"""Shared set-up of the tests of airo_view."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # page_client and chromium, under every import mode of pytest

from chromium import Chromium, why_not_here

Start = Callable[..., Any]


@pytest.fixture
def start_camera(start: Start) -> Callable[..., Any]:
    """Give a function that starts a simulated camera."""

    def start_simulated(name: str = "camera", source: str = "sim:?width=640&height=480") -> Any:
        arguments = ("-r", f"__ns:=/{name}", "-p", f"source:='{source}'")
        return start("-m", "airo_camera.node", "--ros-args", *arguments)

    return start_simulated


@pytest.fixture
def start_view(start: Start) -> Callable[..., Any]:
    """Give a function that starts the web view; the process has its address as `url`."""

    def start_web_view(*parameters: str, port: int = 0, **options: Any) -> Any:
        given = [text for parameter in (f"port:={port}", *parameters) for text in ("-p", parameter)]
        view = start("-m", "airo_view.web.node", "--ros-args", *given, **options)
        view.url = view.expect(r"http://\S+", stream="errors")[0]
        return view

    return start_web_view


@pytest.fixture
def end_cleanly() -> Callable[[Any], None]:
    """Give a function that ends a web view and checks that it had nothing to complain about."""

    def end(view: Any) -> None:
        view.popen.send_signal(signal.SIGINT)
        assert view.wait() == 0
        assert [line for line in view.complaints if not re.search(r"\[INFO\]", line)] == []

    return end


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Chromium]:
    """Give a real browser without a window; skips where none is installed."""
    reason = why_not_here()
    if reason:
        pytest.skip(reason)
    with Chromium(tmp_path / "profile") as browser:
        yield browser
