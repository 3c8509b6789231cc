"""The floor: a ring of frames in shared memory and one semaphore for each reader, without any safety."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from multiprocessing import resource_tracker
from multiprocessing.shared_memory import SharedMemory
from typing import TYPE_CHECKING, Any

import numpy as np

from transport.subjects.subject import SLOTS

if TYPE_CHECKING:
    from transport.frame import Bytes
    from transport.subjects.subject import Channel, Handle

__all__ = ["make_reader", "make_writer"]

_MODE = 0o600


class _Timespec(ctypes.Structure):
    _fields_ = [("secs", ctypes.c_long), ("nanos", ctypes.c_long)]


class Semaphore:
    """A named semaphore of POSIX, which processes that are no relatives can share."""

    def __init__(self, name: str) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.sem_open.restype = ctypes.c_void_p
        self._name = f"/{name}".encode()
        found = self._libc.sem_open(self._name, os.O_CREAT, _MODE, 0)
        if not found:
            raise OSError(ctypes.get_errno(), f"sem_open {name}")
        self._address = ctypes.c_void_p(found)

    def post(self) -> None:
        """Add one."""
        self._libc.sem_post(self._address)

    def wait(self, timeout: float) -> bool:
        """Take one off, and tell whether that was possible in time."""
        deadline = time.time() + timeout
        until = _Timespec(int(deadline), int(deadline % 1 * 1e9))
        return bool(self._libc.sem_timedwait(self._address, ctypes.byref(until)) == 0)

    def unlink(self) -> None:
        """Remove the name."""
        self._libc.sem_unlink(self._name)


def make_writer(channel: Channel) -> RingWriter:
    """Return the writing side."""
    return RingWriter(channel)


def make_reader(channel: Channel, index: int) -> RingReader:
    """Return the reading side."""
    return RingReader(channel, index)


def semaphores(channel: Channel) -> list[Semaphore]:
    """Return the semaphores of all readers; whoever comes first makes them."""
    return [Semaphore(f"{channel.name}_{index}") for index in range(channel.readers)]


def frames_of(memory: SharedMemory, channel: Channel) -> list[Bytes]:
    """Return the slots of the ring."""
    memory_view: Any = memory.buf
    ring = np.frombuffer(memory_view, np.uint8, count=SLOTS * channel.size_bytes)
    return list(ring.reshape(SLOTS, channel.size_bytes))


class RingWriter:
    """Fills the slots in turn."""

    def __init__(self, channel: Channel) -> None:
        self._memory = SharedMemory(channel.name, create=True, size=SLOTS * channel.size_bytes)
        self._frames = frames_of(self._memory, channel)
        self._semaphores = semaphores(channel)
        self._sent = 0

    def loan(self) -> Bytes:
        """Return the next slot."""
        return self._frames[self._sent % SLOTS]

    def publish(self) -> None:
        """Wake the readers."""
        self._sent += 1
        for semaphore in self._semaphores:
            semaphore.post()

    def send(self, frame: Bytes) -> None:
        """Copy into the next slot."""
        self.loan()[:] = frame
        self.publish()

    def close(self) -> None:
        """Remove everything."""
        for semaphore in self._semaphores:
            semaphore.unlink()
        self._frames.clear()
        self._memory.close()
        self._memory.unlink()


class RingReader:
    """Reads the slots in turn; it must not be slower than the writer."""

    def __init__(self, channel: Channel, index: int) -> None:
        self._memory = _attach(channel.name)
        self._frames = frames_of(self._memory, channel)
        self._semaphore = Semaphore(f"{channel.name}_{index}")
        self._received = 0

    def receive(self, timeout: float, handle: Handle) -> bool:
        """Wait for the semaphore."""
        if not self._semaphore.wait(timeout):
            return False
        self._received += 1
        handle(self._frames[(self._received - 1) % SLOTS])
        return True

    def close(self) -> None:
        """Detach from the ring."""
        self._frames.clear()
        self._memory.close()


def _attach(name: str) -> SharedMemory:
    """Open the writer's memory, waiting for it to be there."""
    for _ in range(1000):
        try:
            if sys.version_info >= (3, 13):
                return SharedMemory(name, track=False)
            memory = SharedMemory(name)
        except (FileNotFoundError, ValueError):  # not there yet, or not of its size yet
            time.sleep(0.01)
        else:
            # Before Python 3.13 an attached block is taken for one's own, and removed when the reader ends.
            resource_tracker.unregister(f"/{name}", "shared_memory")
            return memory
    raise FileNotFoundError(name)
