"""Times as nanoseconds, and as the builtin_interfaces/Time field of a message record."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NANOS_PER_SEC", "read_stamp", "write_stamp"]

NANOS_PER_SEC = 1_000_000_000


def read_stamp(stamp: NDArray[np.void]) -> int:
    """Return a stamp, ns since the epoch."""
    return int(stamp["sec"]) * NANOS_PER_SEC + int(stamp["nanosec"])


def write_stamp(stamp: Any, stamp_nanos: int) -> None:
    """Write a time, ns since the epoch, to a stamp field, in place."""
    stamp["sec"], stamp["nanosec"] = divmod(stamp_nanos, NANOS_PER_SEC)
