"""Why frames and clouds are lost."""

from __future__ import annotations

__all__ = ["CANNOT_FOLLOW", "OVERWRITTEN"]

OVERWRITTEN = "overwritten while it was read"
CANNOT_FOLLOW = "the encoder or the disk cannot follow"
