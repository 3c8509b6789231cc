"""One camera, one web view and those who watch it, each in processes of their own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from view.browser import missing
from view.pages import cpu_secs

__all__ = ["measure"]

SIZES = {"720p": (1280, 720), "1080p": (1920, 1080)}
RATE = 30.0  # Hz
CASES = ((1, 0), (4, 0), (15, 5))  # pages that read, pages that never do
PATIENCE_SECS = 60.0


def measure(size: str, *, seconds: float, say: Callable[[str], None]) -> dict[str, Any]:
    """Return what the web view costs with a camera of one size.

    Args:
        size: key of SIZES.
        seconds: of each case.
        say: is told what is going on.
    """
    width, height = SIZES[size]
    with ExitStack() as stack:
        say(f"{size}: a camera and the view, unwatched")
        camera = _start(stack, "view.camera", str(width), str(height), str(RATE))
        _line_of(camera)
        view = _start(stack, "airo_ros2.cli", "view", "--port", "0", "--json")
        url = json.loads(_line_of(view))["url"]
        time.sleep(2.0)  # until discovery has come to rest
        before = cpu_secs(view.pid)
        time.sleep(seconds)
        result: dict[str, Any] = {"size": size, "unwatched_cpu_percent": 100 * (cpu_secs(view.pid) - before) / seconds}
        result["pages"] = []
        for pages, stalled in CASES:
            say(f"{size}: {pages} pages and {stalled} that never read")
            arguments = (url, str(view.pid), str(pages), str(stalled), str(seconds), str(width))
            result["pages"].append(_result_of(_start(stack, "view.pages", *arguments)))
        if missing():
            result["browser"] = None
            say(f"not measured in a browser: {missing()} is not installed")
        else:
            say(f"{size}: Chromium")
            result["browser"] = _result_of(_start(stack, "view.browser", url, str(seconds)))
        camera.send_signal(signal.SIGINT)
        result["camera"] = _result_of(camera)
    one, four = result["pages"][:2]
    result["cpu_percent_per_further_page"] = (four["cpu_percent"] - one["cpu_percent"]) / (four["pages"] - one["pages"])
    return result


def _start(stack: ExitStack, module: str, *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-m", module, *arguments], stdout=subprocess.PIPE, text=True)
    stack.callback(_end, process)
    return process


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(5.0)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None  # it is a pipe
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{process.args!r} ended with status {process.wait()}")
    return line


def _result_of(process: subprocess.Popen[str]) -> Any:
    output, _ = process.communicate(timeout=PATIENCE_SECS)
    if process.returncode:
        raise RuntimeError(f"{process.args!r} ended with status {process.returncode}")
    return json.loads(output)
