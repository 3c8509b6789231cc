"""One MCAP file of a recording."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from mcap.writer import CompressionType, Writer

from airo_recorder.bag_metadata import BagContents
from airo_recorder.definitions import schema_text
from airo_recorder.disk import DiskThread
from airo_recorder.ros_messages import RosMessage

__all__ = ["BagFile", "Confirmed"]

_COMPRESSION = {"none": CompressionType.NONE, "lz4": CompressionType.LZ4, "zstd": CompressionType.ZSTD}
_LIBRARY = "airo_recorder"
Confirmed = Callable[[bool], None]


class BagFile:
    """An indexed MCAP file with the profile ros2, written through the disk thread.

    Args:
        disk: thread that writes.
        path: of the file.
        compression: none, lz4 or zstd.

    Raises:
        RecordingWriteError: the file cannot be created.
    """

    def __init__(self, disk: DiskThread, path: Path, *, compression: str) -> None:
        self.path = path
        self.contents = BagContents(path)
        self.began = time.monotonic()
        self._file = disk.open(path)
        # Checksums of chunks find damage; those of raw images cost as much as a copy, which a recording can afford.
        self._writer = Writer(self._file, compression=_COMPRESSION[compression])  # type: ignore[arg-type]
        self._writer.start(profile="ros2", library=_LIBRARY)
        self._schemas: dict[str, int] = {}
        self._channels: dict[str, int] = {}
        self._confirmations: list[Confirmed] = []  # of messages in the chunk that is being filled
        self._flushed_at = time.monotonic()

    @property
    def size(self) -> int:
        """Bytes that were written."""
        return self._file.size

    @property
    def error_text(self) -> str:
        """Why the disk refused; empty if it did not."""
        return str(self._file.error or "")

    def write(self, message: RosMessage, confirmed: Confirmed | None = None) -> int:
        """Write a message and return its number on its topic, from 0.

        Args:
            message: to write.
            confirmed: called by the disk thread with whether it was written.

        Raises:
            RecordingWriteError: the disk refuses; `confirmed` is called with False then.
        """
        if confirmed is not None:
            self._confirmations.append(confirmed)
        before = self._file.size
        self._writer.add_message(
            self._channel(message),
            log_time=message.received_nanos,
            data=message.data,
            publish_time=message.stamp_nanos,
            sequence=message.sequence % 2**32,
        )
        contents, received = self.contents, message.received_nanos
        index = contents.counts[message.topic]
        contents.counts[message.topic] += 1
        contents.start_nanos = min(contents.start_nanos or received, received)
        contents.end_nanos = max(contents.end_nanos, received)
        if self._file.size != before:
            self._confirm()
        return index

    def flush(self, *, after: float) -> None:
        """End the chunk if it was begun more than `after` s ago: what is in it would be lost with the process.

        Raises:
            RecordingWriteError: the disk refuses.
        """
        if time.monotonic() - self._flushed_at >= after:
            self._writer.flush()
            self._confirm()

    def close(self) -> None:
        """Write the index and close.

        Raises:
            RecordingWriteError: the disk refuses; the file then ends with its last whole chunk, without an index.
        """
        try:
            self._writer.finish()
        finally:
            self._confirm()
            self._file.close()

    def abandon(self) -> None:
        """Close after an error; what was not written is confirmed as such."""
        self._confirm()
        self._file.close()

    def _confirm(self) -> None:
        waiting, self._confirmations = self._confirmations, []
        self._flushed_at = time.monotonic()

        def confirm_all(is_written: bool) -> None:
            for confirmed in waiting:
                confirmed(is_written)

        self._file.confirm(confirm_all)

    def _channel(self, message: RosMessage) -> int:
        if message.topic not in self._channels:
            if message.type_name not in self._schemas:
                text = schema_text(message.type_name).encode()
                self._schemas[message.type_name] = self._writer.register_schema(message.type_name, "ros2msg", text)
            self._channels[message.topic] = self._writer.register_channel(
                message.topic, "cdr", self._schemas[message.type_name], {"offered_qos_profiles": ""}
            )
            self.contents.types[message.topic] = message.type_name
        return self._channels[message.topic]
