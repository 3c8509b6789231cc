"""iceoryx2's Python binding: publish-subscribe for the frames, its event service to wake the readers."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import iceoryx2 as iox2
import numpy as np

from transport.subjects.subject import SLOTS

if TYPE_CHECKING:
    from transport.frame import Bytes
    from transport.subjects.subject import Channel, Handle

__all__ = ["make_reader", "make_writer"]


def make_writer(channel: Channel) -> IceoryxWriter:
    """Return the writing side."""
    return IceoryxWriter(channel)


def make_reader(channel: Channel, index: int) -> IceoryxReader:
    """Return the reading side."""
    return IceoryxReader(channel)


def open_services(channel: Channel) -> tuple[Any, Any, Any]:
    """Return (node, frames, events), in files that carry the channel's name."""
    iox2.set_log_level(iox2.LogLevel.Error)
    config = iox2.config.default()
    config.global_cfg.prefix = iox2.FileName.new(f"{channel.name}_")
    config.global_cfg.root_path = iox2.Path.new(channel.folder)
    node = iox2.NodeBuilder.new().config(config).create(iox2.ServiceType.Ipc)
    name = iox2.ServiceName.new(channel.name)
    frames = (
        node.service_builder(name)
        .publish_subscribe(iox2.Slice[ctypes.c_uint8])
        .payload_alignment(iox2.Alignment.new(64))
        .subscriber_max_buffer_size(SLOTS - 1)
        .enable_safe_overflow(True)
        .open_or_create()
    )
    events = node.service_builder(name).event().open_or_create()
    return node, frames, events


def as_array(pointer: int, size_bytes: int) -> Bytes:
    """Return a view of a payload."""
    memory: Any = (ctypes.c_uint8 * size_bytes).from_address(pointer)
    view: Bytes = np.frombuffer(memory, np.uint8)
    return view


class IceoryxWriter:
    """Fills loans of a publisher."""

    def __init__(self, channel: Channel) -> None:
        self._node, self._frames, self._events = open_services(channel)
        self._size_bytes = channel.size_bytes
        self._publisher = self._frames.publisher_builder().initial_max_slice_len(channel.size_bytes).create()
        self._notifier = self._events.notifier_builder().create()
        self._loan: Any = None

    def loan(self) -> Bytes:
        """Open a loan."""
        self._loan = self._publisher.loan_slice_uninit(self._size_bytes)
        return as_array(self._loan.payload_ptr, self._size_bytes)

    def publish(self) -> None:
        """Send it and wake the readers."""
        self._loan.assume_init().send()
        self._notifier.notify()

    def send(self, frame: Bytes) -> None:
        """Copy into a loan."""
        self.loan()[:] = frame
        self.publish()

    def close(self) -> None:
        """Release the ports before the node."""
        del self._loan, self._publisher, self._notifier, self._frames, self._events, self._node


class IceoryxReader:
    """Waits for an event, then receives what there is."""

    def __init__(self, channel: Channel) -> None:
        self._node, self._frames, self._events = open_services(channel)
        self._size_bytes = channel.size_bytes
        self._subscriber = self._frames.subscriber_builder().buffer_size(SLOTS - 1).create()
        self._listener = self._events.listener_builder().create()

    def receive(self, timeout: float, handle: Handle) -> bool:
        """Receive one frame; wait only if there is none."""
        sample = self._subscriber.receive()
        if sample is None:
            self._listener.timed_wait(iox2.Duration.from_secs_f64(timeout))
            sample = self._subscriber.receive()
        if sample is None:
            return False
        handle(as_array(sample.payload_ptr, self._size_bytes))
        sample.delete()
        return True

    def close(self) -> None:
        """Release the ports before the node."""
        del self._subscriber, self._listener, self._frames, self._events, self._node
