"""airo-ipc: buffers in shared memory whose numbers travel through Cyclone DDS."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from airo_ipc.cyclone_shm.idl_shared_memory.base_idl import BaseIdl
from airo_ipc.cyclone_shm.patterns.sm_reader import SMReader
from airo_ipc.cyclone_shm.patterns.sm_writer import SMWriter
from cyclonedds.domain import DomainParticipant

from transport.frame import Bytes, read_header
from transport.subjects.subject import SLOTS, CopyingWriter

if TYPE_CHECKING:
    from transport.subjects.subject import Channel, Handle

__all__ = ["make_reader", "make_writer"]

POLL_SECS = 0.0005


@dataclass
class FrameBuffer(BaseIdl):  # type: ignore[misc]  # airo-ipc need not be installed
    """The buffer: one frame of bytes."""

    pixels: Bytes


def template(channel: Channel) -> FrameBuffer:
    """Return an instance that tells the size."""
    return FrameBuffer(np.empty(channel.size_bytes, np.uint8))


def make_writer(channel: Channel) -> BufferWriter:
    """Return the writing side."""
    return BufferWriter(channel)


def make_reader(channel: Channel, index: int) -> BufferReader:
    """Return the reading side."""
    return BufferReader(channel)


class BufferWriter(CopyingWriter):
    """Copies each frame into the next buffer."""

    def __init__(self, channel: Channel) -> None:
        self._participant = DomainParticipant(channel.domain)
        self._writer = SMWriter(self._participant, channel.name, template(channel), nr_of_buffers=SLOTS)

    def send(self, frame: Bytes) -> None:
        """Copy into the next buffer, and publish its number."""
        self._writer(FrameBuffer(frame))

    def close(self) -> None:
        """Unlink the buffers."""
        self._writer.stop()


class BufferReader:
    """Asks for the newest buffer until it is another frame."""

    def __init__(self, channel: Channel) -> None:
        self._participant = DomainParticipant(channel.domain)
        self._reader = SMReader(self._participant, channel.name, template(channel), nr_of_buffers=SLOTS)
        self._complete_nanos = 0

    def receive(self, timeout: float, handle: Handle) -> bool:
        """Poll for a frame that was not there before."""
        deadline = time.monotonic() + timeout
        while True:
            pixels = self._reader().pixels
            complete_nanos = read_header(pixels).complete_nanos
            if complete_nanos != self._complete_nanos:
                self._complete_nanos = complete_nanos
                handle(pixels)
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECS)

    def close(self) -> None:
        """Detach from the buffers."""
        self._reader.stop()
