"""Content whose every 64-bit word tells to which message of which writer it belongs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["SALT_LIMIT", "fill", "identity", "words_of"]

SALT_LIMIT = 1 << 16
_NUMBER_BITS = 48
_MODULUS = 1 << 64
_STEP = 0x9E37_79B9_7F4A_7C15  # odd, so that multiplying by it can be undone, and no two words of a message are equal
_INVERSE = pow(_STEP, -1, _MODULUS)


def words_of(data: NDArray[Any], *, has_sequence: bool = False) -> NDArray[np.uint64]:
    """Return the content of a record or an image as 64-bit words, without the seqlock of a message that has one.

    Memory: view of `data`.
    """
    words = np.frombuffer(data, np.uint64)
    return words[1:-1] if has_sequence else words


def fill(words: NDArray[np.uint64], *, number: int, salt: int) -> None:
    """Write the content of message `number` of the writer `salt`."""
    key = ((salt << _NUMBER_BITS) | number) * _STEP % _MODULUS
    np.add(_places(words.size), np.uint64(key), out=words)


def identity(words: NDArray[np.uint64]) -> tuple[int, int] | None:
    """Return (salt, number) of the message that the words are the whole content of; None if they are a mixture."""
    keys = words - _places(words.size)
    if (keys != keys[0]).any():
        return None
    return divmod(int(keys[0]) * _INVERSE % _MODULUS, 1 << _NUMBER_BITS)


@lru_cache(maxsize=4)
def _places(size: int) -> NDArray[np.uint64]:
    return np.arange(size, dtype=np.uint64) * np.uint64(_STEP)
