"""The relay: `ros2 run airo_view relay_node` or `python -m airo_view.relay.node`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from airo_frames.node_main import run_node
from airo_frames.parameters import declare_parameters
from airo_view.relay.outputs import Outputs, StandardOutputs
from airo_view.relay.parameters import RelayParameters
from airo_view.relay.relay import Relay

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["main", "make_relay"]


def make_relay(node: Node) -> Relay:
    """Return a relay of images, depth and clouds for rviz2 and other programs of this host.

    Raises:
        ParameterError: a parameter has a bad value.
    """
    parameters = declare_parameters(node, RelayParameters)

    def outputs(camera: str, family: str) -> Outputs:
        return StandardOutputs(node, camera, has_depth=family != "Image", max_points=parameters.max_points)

    return Relay(node, outputs, topic="image_raw")


def main(args: list[str] | None = None) -> int:
    """Run the relay."""
    return run_node(make_relay, name="relay", args=args, profile="relay.xml")


if __name__ == "__main__":
    sys.exit(main())
