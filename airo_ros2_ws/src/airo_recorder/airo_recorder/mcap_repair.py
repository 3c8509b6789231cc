"""Repair of MCAP files whose writing was cut off: whole chunks stay, the index is made anew, in place."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections import defaultdict
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

from mcap.data_stream import ReadDataStream, RecordBuilder
from mcap.opcode import Opcode
from mcap.records import (
    Channel,
    Chunk,
    ChunkIndex,
    DataEnd,
    Footer,
    Message,
    MessageIndex,
    Schema,
    Statistics,
    SummaryOffset,
)
from mcap.stream_reader import get_chunk_data_stream

from airo_recorder.exceptions import RecordingRepairError

__all__ = ["Repair", "is_complete", "repair_mcap"]

MAGIC = b"\x89MCAP0\r\n"
_HEAD = struct.Struct("<BQ")  # of a record: opcode and length of its content


@dataclass(frozen=True)
class Repair:
    """What a repair did.

    Attributes:
        messages: that are in the file now.
        chunks: that are in the file now.
        removed_bytes: of an incomplete chunk at its end.
        was_complete: there was nothing to do.
    """

    messages: int
    chunks: int
    removed_bytes: int
    was_complete: bool = False

    def as_dict(self) -> dict[str, int | bool]:
        """Return it ready for json.dumps()."""
        return asdict(self)

    def as_text(self) -> str:
        """Return it for people."""
        if self.was_complete:
            return "complete, nothing to repair"
        return f"repaired: {self.messages} messages in {self.chunks} chunks, {self.removed_bytes} bytes cut off"


def is_complete(path: Path) -> bool:
    """Return whether a file ends as an MCAP file does.

    Raises:
        RecordingRepairError: it does not begin as one, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise RecordingRepairError(f"{path} is no MCAP file: expected one that begins with {MAGIC!r}")
            size = file.seek(0, os.SEEK_END)
            if size < 3 * len(MAGIC):
                return False
            file.seek(-len(MAGIC), os.SEEK_END)
            return file.read() == MAGIC
    except OSError as error:
        raise RecordingRepairError(f"cannot read {path}: {error.strerror}") from error


def repair_mcap(path: Path) -> Repair:
    """Cut an incomplete chunk off the end of a file and write the index that is missing.

    Every whole chunk stays as it is. The file is changed in place, so that it works on a full disk.

    Raises:
        RecordingRepairError: it is no MCAP file, holds something else than chunks, or cannot be written.
    """
    if is_complete(path):
        return Repair(0, 0, 0, was_complete=True)
    try:
        with path.open("r+b") as file:
            found = _scan(file)
            size = file.seek(0, os.SEEK_END)
            removed = size - found.end
            file.truncate(found.end)
            file.seek(found.end)
            file.write(found.missing_indexes() + found.summary())
    except (OSError, struct.error) as error:
        raise RecordingRepairError(f"cannot repair {path}: {error}") from error
    return Repair(found.statistics.message_count, len(found.chunks), max(0, removed))


@dataclass
class _Found:
    """The whole part of a file."""

    end: int = len(MAGIC)  # where the last whole chunk ends, with its indexes if they are whole
    indexes: dict[int, MessageIndex] = field(default_factory=dict)  # of the last chunk, until they were found whole
    schemas: dict[int, Schema] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    chunks: list[ChunkIndex] = field(default_factory=list)
    statistics: Statistics = field(
        default_factory=lambda: Statistics(
            attachment_count=0,
            channel_count=0,
            channel_message_counts=defaultdict(int),
            chunk_count=0,
            message_count=0,
            message_end_time=0,
            message_start_time=0,
            metadata_count=0,
            schema_count=0,
        )
    )

    def add_chunk(self, chunk: Chunk, start: int, end: int) -> None:
        """Take note of a whole chunk and of what is in it."""
        self.indexes = self._indexes_of(chunk)
        self.end = end
        counts = {channel_id: len(index.records) for channel_id, index in self.indexes.items()}
        self.chunks.append(
            ChunkIndex(
                chunk_length=end - start,
                chunk_start_offset=start,
                compression=chunk.compression,
                compressed_size=len(chunk.data),
                message_end_time=chunk.message_end_time,
                message_index_length=0,
                message_index_offsets={},
                message_start_time=chunk.message_start_time,
                uncompressed_size=chunk.uncompressed_size,
            )
        )
        statistics = self.statistics
        starts = [chunk.message_start_time, *([statistics.message_start_time] if statistics.chunk_count else [])]
        statistics.message_start_time = min(starts)
        statistics.message_end_time = max(statistics.message_end_time, chunk.message_end_time)
        statistics.chunk_count += 1
        statistics.message_count += sum(counts.values())
        for channel_id, count in counts.items():
            statistics.channel_message_counts[channel_id] += count

    def add_index(self, index: MessageIndex, start: int, end: int) -> None:
        """Take note of where the index of one channel in the last chunk stands."""
        self.chunks[-1].message_index_offsets[index.channel_id] = start
        self.chunks[-1].message_index_length += end - start
        if len(self.chunks[-1].message_index_offsets) == len(self.indexes):
            self.indexes = {}
            self.end = end

    def missing_indexes(self) -> bytes:
        """Return the indexes of the last chunk if they are not whole, to be written right behind it."""
        builder = RecordBuilder()
        if self.indexes:
            self.chunks[-1].message_index_offsets.clear()
            for channel_id, index in self.indexes.items():
                self.chunks[-1].message_index_offsets[channel_id] = self.end + builder.count
                index.write(builder)
            self.chunks[-1].message_index_length = builder.count
        self.end += builder.count
        indexes: bytes = builder.end()
        return indexes

    def _indexes_of(self, chunk: Chunk) -> dict[int, MessageIndex]:
        stream, length = get_chunk_data_stream(chunk, validate_crc=True)
        indexes: dict[int, MessageIndex] = {}
        while stream.count < length:
            offset = stream.count
            opcode, size = stream.read1(), stream.read8()
            if opcode == Opcode.SCHEMA:
                schema = Schema.read(stream)
                self.schemas[schema.id] = schema
            elif opcode == Opcode.CHANNEL:
                channel = Channel.read(stream)
                self.channels[channel.id] = channel
            elif opcode == Opcode.MESSAGE:
                message = Message.read(stream, size)
                index = indexes.setdefault(message.channel_id, MessageIndex(message.channel_id, []))
                index.records.append((message.log_time, offset))
            else:
                stream.read(size)
        return indexes

    def summary(self) -> bytes:
        """Return what follows the last chunk of a complete file."""
        self.statistics.schema_count, self.statistics.channel_count = len(self.schemas), len(self.channels)
        builder = RecordBuilder()
        DataEnd(0).write(builder)
        data_end = builder.end()
        summary_start = self.end + len(data_end)
        offsets = []
        groups = (
            (Opcode.SCHEMA, list(self.schemas.values())),
            (Opcode.CHANNEL, list(self.channels.values())),
            (Opcode.STATISTICS, [self.statistics]),
            (Opcode.CHUNK_INDEX, self.chunks),
        )
        for opcode, records in groups:
            start = builder.count
            for record in records:
                record.write(builder)
            offset = SummaryOffset(
                group_opcode=opcode, group_start=summary_start + start, group_length=builder.count - start
            )
            offsets.append(offset)
        offsets_start = summary_start + builder.count
        for offset in offsets:
            offset.write(builder)
        summary = builder.end()
        head = struct.pack("<BQQQ", Opcode.FOOTER, 8 + 8 + 4, summary_start, offsets_start)
        Footer(
            summary_start=summary_start,
            summary_offset_start=offsets_start,
            summary_crc=zlib.crc32(head, zlib.crc32(summary)),
        ).write(builder)
        whole: bytes = data_end + summary + builder.end() + MAGIC
        return whole


def _scan(file: BinaryIO) -> _Found:
    found = _Found()
    size = file.seek(0, os.SEEK_END)
    position = len(MAGIC)
    while position + _HEAD.size <= size:
        file.seek(position)
        opcode, length = _HEAD.unpack(file.read(_HEAD.size))
        end = position + _HEAD.size + length
        if end > size or opcode in (Opcode.DATA_END, Opcode.FOOTER):
            break
        record = ReadDataStream(io.BytesIO(file.read(length)))
        if opcode == Opcode.CHUNK:
            try:
                found.add_chunk(Chunk.read(record), position, end)
            except Exception as error:  # what a decompressor raises on damage is its own affair
                raise RecordingRepairError(f"the chunk at byte {position} is damaged: {error}") from error
        elif opcode == Opcode.MESSAGE_INDEX and found.chunks:
            found.add_index(MessageIndex.read(record), position, end)
        elif opcode == Opcode.HEADER:
            found.end = end
        else:
            raise RecordingRepairError(f"record {opcode} at byte {position} is not one that a recording has")
        position = end
    return found
