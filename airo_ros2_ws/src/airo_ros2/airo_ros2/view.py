"""`airo-ros2 view`: the web view of all cameras in the ROS domain."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial

from airo_frames.node_main import run_node
from airo_view.web.node import WebViewNode

__all__ = ["run_view"]


def run_view(*, host: str, port: int, allowed_hosts: Sequence[str], as_json: bool, write: Callable[[str], None]) -> int:
    """Serve the page until SIGINT or SIGTERM, and return the exit status.

    Args:
        host: address to listen on.
        port: 0 for any free one.
        allowed_hosts: further names of this machine that browsers may use.
        as_json: print the address as a JSON object.
        write: prints a line.
    """
    given = {"host": host, "port": port, "allowed_hosts": list(allowed_hosts) or [""]}
    # JSON is YAML, which is what ROS parses parameters as.
    parameters = [text for name, value in given.items() for text in ("-p", f"{name}:={json.dumps(value)}")]

    def announce(url: str) -> None:
        write(json.dumps({"url": url}) if as_json else f"cameras and tags are shown on {url}")

    make = partial(WebViewNode, announce=announce)
    return run_node(make, name="web_view", args=["--ros-args", "--log-level", "warn", *parameters])
