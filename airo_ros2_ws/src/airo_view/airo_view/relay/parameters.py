"""Parameters of the two relays."""

from __future__ import annotations

from dataclasses import dataclass

from airo_frames.parameters import parameter

__all__ = ["CompressedRelayParameters", "RelayParameters"]


@dataclass(frozen=True)
class RelayParameters:
    """See the descriptions; README.md has them as a table."""

    max_points: int = parameter(
        1_000_000,
        "points in a cloud, at most; of a larger one every second, third, ... column and row is taken",
        minimum=1,
    )


@dataclass(frozen=True)
class CompressedRelayParameters:
    """See the descriptions; README.md has them as a table."""

    quality: int = parameter(80, "JPEG quality", minimum=1, maximum=100)
    rate: float = parameter(0.0, "images per second of each camera, at most; 0 for all", minimum=0.0, maximum=1000.0)
