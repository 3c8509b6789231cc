"""ZeroMQ, PUB and SUB over ipc."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import zmq

from transport.subjects.subject import SLOTS, CopyingWriter

if TYPE_CHECKING:
    from transport.frame import Bytes
    from transport.subjects.subject import Channel, Handle

__all__ = ["make_reader", "make_writer"]


def make_writer(channel: Channel) -> ZmqWriter:
    """Return the writing side."""
    return ZmqWriter(channel)


def make_reader(channel: Channel, index: int) -> ZmqReader:
    """Return the reading side."""
    return ZmqReader(channel)


class ZmqWriter(CopyingWriter):
    """A PUB socket."""

    def __init__(self, channel: Channel) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.PUB)
        self._socket.sndhwm = SLOTS - 1
        self._socket.linger = 0
        self._socket.bind(f"ipc://{channel.folder}/{channel.name}.sock")

    def send(self, frame: Bytes) -> None:
        """Copy into a ZeroMQ message, which its own thread then sends."""
        self._socket.send(frame.data, copy=True)

    def close(self) -> None:
        """End the socket."""
        self._context.destroy()


class ZmqReader:
    """A SUB socket."""

    def __init__(self, channel: Channel) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.rcvhwm = SLOTS - 1
        self._socket.subscribe(b"")
        self._socket.connect(f"ipc://{channel.folder}/{channel.name}.sock")

    def receive(self, timeout: float, handle: Handle) -> bool:
        """Receive one frame without copying it out of ZeroMQ's message."""
        if not self._socket.poll(int(timeout * 1000)):
            return False
        handle(np.frombuffer(self._socket.recv(copy=False).buffer, np.uint8))
        return True

    def close(self) -> None:
        """End the socket."""
        self._context.destroy()
