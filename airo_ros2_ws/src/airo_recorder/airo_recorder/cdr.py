"""Serialising to CDR, the encoding of ROS 2 messages: little-endian, each number aligned to its size."""

from __future__ import annotations

import struct
from collections.abc import Sequence

__all__ = ["CDR_HEADER", "CdrWriter"]

CDR_HEADER = b"\x00\x01\x00\x00"  # plain CDR, little-endian, no options


class CdrWriter:
    """Appends the fields of a message in their order."""

    def __init__(self) -> None:
        self._data = bytearray()  # without the header, from which alignment does not count

    def number(self, code: str, *values: float) -> None:
        """Append numbers of one kind, by its struct code: B, I, i, d."""
        size = struct.calcsize(code)
        self._data += bytes(-len(self._data) % size) + struct.pack(f"<{len(values)}{code}", *values)

    def text(self, text: str) -> None:
        """Append a string."""
        encoded = text.encode() + b"\0"
        self.number("I", len(encoded))
        self._data += encoded

    def sequence(self, code: str, values: Sequence[float]) -> None:
        """Append a sequence of numbers."""
        self.number("I", len(values))
        if len(values):
            self.number(code, *values)

    def header(self, stamp_nanos: int, frame_id: str) -> None:
        """Append a std_msgs/Header."""
        sec, nanosec = divmod(stamp_nanos, 1_000_000_000)
        self.number("i", sec)
        self.number("I", nanosec)
        self.text(frame_id)

    def bytes_last(self, data: bytes | memoryview, *, tail: bytes = b"") -> bytes:
        """Return the message that ends with a sequence of bytes, which are copied once.

        Args:
            data: the sequence.
            tail: fields of one byte that follow it.
        """
        self.number("I", len(data))
        return b"".join((CDR_HEADER, self._data, data, tail))

    def message(self) -> bytes:
        """Return the message."""
        return CDR_HEADER + bytes(self._data)
