"""Text in fixed arrays of bytes, padded with NUL: strings would make a message unbounded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_frames.exceptions import ArrayContractError

__all__ = ["read_text", "write_text"]


def read_text(field: NDArray[np.uint8]) -> str:
    """Return the text in a field; bytes that are no UTF-8 are replaced."""
    return field.tobytes().partition(b"\0")[0].decode(errors="replace")


def write_text(field: NDArray[Any], text: str, *, name: str) -> None:
    """Write a text to a field.

    Raises:
        ArrayContractError: it is longer than the field.
    """
    encoded = text.encode()
    if len(encoded) > field.size:
        raise ArrayContractError(f"{name} {text!r} has {len(encoded)} bytes: expected at most {field.size}")
    field[:] = np.frombuffer(encoded.ljust(field.size, b"\0"), np.uint8)
