"""What is measured of one stream."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["StreamMeter", "StreamStats"]


@dataclass(frozen=True)
class StreamStats:
    """One stream over one interval.

    Attributes:
        topic: resolved name.
        type: message class, for example Image1920x1080.
        rate: messages that arrived, Hz.
        latency_p50_ms: median from acquisition until the message was here, ms; None if none arrived.
        latency_p99_ms: 99th percentile of it, ms.
        dropped: frame numbers that did not arrive, the overwritten ones among them.
        overwritten: messages whose slot was reused before they could be looked at.
        zero_copy: every message was read in the memory that its publisher wrote; None if none arrived.
        readers: subscriptions other than the one that measures.
        memory_bytes: shared memory that the publishers occupy, bytes.
    """

    topic: str
    type: str
    rate: float
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    dropped: int
    overwritten: int
    zero_copy: bool | None
    readers: int
    memory_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """Return the content as plain data."""
        return asdict(self)


class StreamMeter:
    """Collects the arrivals of one stream. It does not read a clock: times are given.

    Args:
        topic: resolved name.
        type_name: message class.
        now: time, s.
    """

    def __init__(self, topic: str, type_name: str, *, now: float) -> None:
        self.topic = topic
        self.type_name = type_name
        self._last_sequences: dict[bytes, int] = {}  # by publisher; stays from interval to interval
        self._start_interval(now)

    def _start_interval(self, now: float) -> None:
        self._start = now
        self._latencies: list[int] = []  # ns
        self._dropped = 0
        self._all_zero_copy = True

    def add(self, *, publisher: bytes, sequence: int, latency_nanos: int, is_zero_copy: bool) -> None:
        """Count a message.

        Args:
            publisher: tells publishers apart.
            sequence: number of the frame; one that is not above the last is a repetition or a new start.
            latency_nanos: from acquisition until now, ns.
            is_zero_copy: it was read in the memory that its publisher wrote.
        """
        last = self._last_sequences.get(publisher)
        if last is not None and sequence > last:
            self._dropped += sequence - last - 1
        self._last_sequences[publisher] = sequence
        self._latencies.append(latency_nanos)
        self._all_zero_copy = self._all_zero_copy and is_zero_copy

    def end_interval(self, *, now: float, overwritten: int, readers: int, memory_bytes: int) -> StreamStats:
        """Return what was measured since the last call, and begin anew.

        Args:
            now: time, s.
            overwritten: messages lost to reuse in this interval.
            readers: of the stream.
            memory_bytes: of its publishers.
        """
        elapsed = max(now - self._start, 1e-6)
        stats = StreamStats(
            topic=self.topic,
            type=self.type_name,
            rate=len(self._latencies) / elapsed,
            latency_p50_ms=_percentile_ms(self._latencies, 50),
            latency_p99_ms=_percentile_ms(self._latencies, 99),
            dropped=self._dropped,
            overwritten=overwritten,
            zero_copy=self._all_zero_copy if self._latencies else None,
            readers=readers,
            memory_bytes=memory_bytes,
        )
        self._start_interval(now)
        return stats


def _percentile_ms(values_nanos: list[int], percent: int) -> float | None:
    """Return the smallest value that so many percent of the values do not exceed (nearest rank), ms."""
    if not values_nanos:
        return None
    rank = -(-len(values_nanos) * percent // 100)
    return sorted(values_nanos)[rank - 1] / 1e6
