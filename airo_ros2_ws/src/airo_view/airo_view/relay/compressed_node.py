"""The compressed relay: `ros2 run airo_view compressed_relay_node` or `python -m airo_view.relay.compressed_node`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from airo_frames.node_main import run_node
from airo_frames.parameters import declare_parameters
from airo_view.relay.outputs import CompressedOutputs, Outputs
from airo_view.relay.parameters import CompressedRelayParameters
from airo_view.relay.relay import Relay

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["main", "make_compressed_relay"]


def make_compressed_relay(node: Node) -> Relay:
    """Return a relay of JPEG images for other hosts.

    Raises:
        ParameterError: a parameter has a bad value.
    """
    parameters = declare_parameters(node, CompressedRelayParameters)

    def outputs(camera: str, family: str) -> Outputs:
        return CompressedOutputs(node, camera, quality=parameters.quality, rate=parameters.rate)

    return Relay(node, outputs, topic="image_raw/compressed")


def main(args: list[str] | None = None) -> int:
    """Run the compressed relay."""
    return run_node(make_compressed_relay, name="compressed_relay", args=args, profile="compressed.xml")


if __name__ == "__main__":
    sys.exit(main())
