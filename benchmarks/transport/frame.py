"""What the benchmark writes into a frame: its number and the time it was complete in front, one value in the rest."""

from __future__ import annotations

import struct
import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["HEADER", "WARM_UP", "Bytes", "Header", "fill", "last_byte", "read_header", "stamp"]

Bytes = NDArray[np.uint8]  # (size_bytes,) uint8
HEADER = struct.Struct("<Qq")
WARM_UP = 0  # number of the frames before the measurement


class Header(NamedTuple):
    """The first bytes of a frame."""

    number: int  # from 1; WARM_UP before the measurement
    complete_nanos: int  # CLOCK_MONOTONIC, which all processes of a machine share


def last_byte(number: int) -> int:
    """Return the value that fills a frame, so that its last byte tells whether all of it is there."""
    return number % 251


def fill(frame: Bytes, number: int) -> None:
    """Write the pixels, as a camera would."""
    frame[:] = last_byte(number)


def stamp(frame: Bytes, number: int) -> int:
    """Declare the frame complete, and return when that was, ns."""
    now = time.monotonic_ns()
    HEADER.pack_into(frame.data, 0, number, now)
    return now


def read_header(frame: Bytes) -> Header:
    """Return the header of a frame."""
    return Header(*HEADER.unpack_from(frame.data))
