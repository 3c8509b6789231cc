"""The web view: `ros2 run airo_view web_view_node` or `python -m airo_view.web.node`."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from urllib.parse import quote

from rclpy.node import Node
from rclpy.task import Future

from airo_frames.node_main import finish, run_node
from airo_frames.parameters import declare_parameters
from airo_view.web.access import Access
from airo_view.web.address import is_loopback, listen, url_of
from airo_view.web.graph import published_cameras
from airo_view.web.parameters import WebViewParameters
from airo_view.web.recorders import Recorders
from airo_view.web.server import ViewServer
from airo_view.web.stream import CameraStream

__all__ = ["TOKEN_VARIABLE", "WebViewNode", "main"]

TOKEN_VARIABLE = "AIRO_VIEW_TOKEN"  # not a parameter: everybody in the ROS domain can read parameters
FOLLOW_SECS = 0.5  # how soon a camera or recorder is noticed
ENDING_SECS = 1.0


class WebViewNode:
    """Shows all cameras of the ROS domain in the browser.

    Args:
        node: its own.
        announce: called with the address to open, which has the token in it if there is one; logged otherwise.

    Raises:
        ParameterError: a parameter has a bad value.
        ViewError: it cannot listen there, or the token is too weak.
    """

    def __init__(self, node: Node, *, announce: Callable[[str], None] | None = None) -> None:
        self.node = node
        self.finished = Future()
        parameters = declare_parameters(node, WebViewParameters)
        self._quality = parameters.quality
        allowed = [name for name in parameters.allowed_hosts if name]
        access = Access.for_host(parameters.host, token=os.environ.get(TOKEN_VARIABLE) or None, allowed_hosts=allowed)
        listener = listen(parameters.host, parameters.port, any_port=parameters.any_port)
        self._streams: list[CameraStream] = []  # all that may still have threads; touched by the server's thread
        self._recorders = Recorders(node)
        self._failed = partial(finish, self.finished)
        port = listener.getsockname()[1]
        url = url_of(parameters.host, port) + (f"?token={quote(access.token)}" if access.token is not None else "")
        if announce is not None:
            announce(url)
        else:
            self._log(parameters, port, url)
        self._server = ViewServer(
            listener,
            access,
            open_stream=self._open_stream,
            record=self._recorders.order,
            max_clients=parameters.max_clients,
            failed=self._failed,
        )
        self._timer = node.create_timer(FOLLOW_SECS, self._follow)

    def close(self) -> None:
        """End the server and all that reads."""
        self._server.close()
        for stream in self._streams:
            stream.close()
        for stream in self._streams:
            stream.join(ENDING_SECS)

    def _log(self, parameters: WebViewParameters, port: int, url: str) -> None:
        logger = self.node.get_logger()
        if not is_loopback(parameters.host):
            logger.warn(f"everybody who has this address sees the cameras: {url}")
        elif port != parameters.port and parameters.port:
            logger.warn(f"port {parameters.port} is taken: {url}")
        else:
            logger.info(url)

    def _follow(self) -> None:
        self._server.set_graph(published_cameras(self.node), self._recorders.follow())

    def _open_stream(self, camera: str) -> CameraStream:
        self._streams = [stream for stream in self._streams if stream.is_running]
        stream = CameraStream(
            self.node,
            camera,
            quality=self._quality,
            deliver=self._server.deliver,
            deliver_tags=self._server.deliver_tags,
            failed=self._failed,
        )
        self._streams.append(stream)
        return stream


def main(args: list[str] | None = None) -> int:
    """Run the web view."""
    return run_node(WebViewNode, name="web_view", args=args)


if __name__ == "__main__":
    sys.exit(main())
