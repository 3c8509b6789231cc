"""How a tag is turned, as three angles and how sure they are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["yaw_pitch_roll"]

# From the camera's axes (x right, y down, z forward) to those of somebody who looks at the tag (y up, z to the viewer).
_VIEWER_FROM_CAMERA = np.diag([1.0, -1.0, -1.0])


def yaw_pitch_roll(camera_from_tag: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return how a tag is turned away from facing the camera upright, which is (0, 0, 0).

    Turned first about its own vertical axis (yaw: positive turns its face to the right of the image), then about its
    own horizontal axis (pitch: positive turns its face down), then in its own plane (roll: positive is anticlockwise).

    Args:
        camera_from_tag: (3, 3) or (4, 4) float64; tag frame: x right, y up, z out of the tag.

    Returns:
        yaw and roll from -180 to 180, pitch from -90 to 90, degrees. At a pitch of +-90 only their sum or difference
        is known.
    """
    turned = _VIEWER_FROM_CAMERA @ camera_from_tag[:3, :3]
    pitch = np.arcsin(np.clip(-turned[1, 2], -1.0, 1.0))
    yaw = np.arctan2(turned[0, 2], turned[2, 2])
    roll = np.arctan2(turned[1, 0], turned[1, 1])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))
