"""Depth and confidence in whole numbers, for formats that have no others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["as_millimetres", "as_steps"]

_MOST_MILLIMETRES = 65535


def as_millimetres(depth: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return depths as REP 118 has them in whole numbers: mm, 0 where it is not known.

    Args:
        depth: (H, W) float32, m.

    Returns:
        (H, W), rounded to the nearest; 0 also for what is nearer than 0.5 mm or beyond 65.535 m. New array.
    """
    millimetres = depth * np.float32(1000.0)
    np.rint(millimetres, out=millimetres)
    with np.errstate(invalid="ignore"):  # NaN is not within
        is_within = (millimetres >= 1) & (millimetres <= _MOST_MILLIMETRES)
    millimetres[~is_within] = 0
    return millimetres.astype(np.uint16)


def as_steps(confidence: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return confidences, from 0 to 1, in steps of 1/255; 0 for those that are no number. New array."""
    steps = np.nan_to_num(confidence * np.float32(255.0), copy=False, nan=0.0, posinf=255.0, neginf=0.0)
    rounded: NDArray[np.uint8] = np.rint(np.clip(steps, 0, 255, out=steps)).astype(np.uint8)
    return rounded
