"""Reading the fields of a serialised ROS 2 message, one after another."""

from __future__ import annotations

import struct

__all__ = ["CdrReader"]

_CDR_HEADER_BYTES = 4
NANOS_PER_SEC = 1_000_000_000


class CdrReader:
    """Reads a little-endian CDR message from its beginning.

    Args:
        data: the message with its header.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = _CDR_HEADER_BYTES

    def stamp(self) -> int:
        """Pass over a std_msgs/Header and return its stamp, ns."""
        secs, nanos = struct.unpack_from("<iI", self._data, self._position)
        self.skip(8)
        self.text()
        return int(secs * NANOS_PER_SEC + nanos)

    def skip(self, size: int) -> None:
        """Pass over bytes that need no alignment."""
        self._position += size

    def number(self) -> int:
        """Return the uint32 at the next multiple of 4."""
        self._position += -(self._position - _CDR_HEADER_BYTES) % 4
        (value,) = struct.unpack_from("<I", self._data, self._position)
        self._position += 4
        return int(value)

    def text(self) -> str:
        """Return a string."""
        length = self.number()
        text = bytes(self._data[self._position : self._position + max(0, length - 1)]).decode()
        self._position += length
        return text

    def rest(self) -> memoryview:
        """Return the bytes of the sequence that comes next."""
        length = self.number()
        return memoryview(self._data)[self._position : self._position + length]
