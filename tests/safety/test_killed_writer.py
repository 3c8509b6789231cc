"""Writers that are killed while others read."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rclpy_loans.orphans import remove_orphans

GENEROUS_KILOBYTES = 64 * 1024


def segments_of(pid: int) -> set[Path]:
    """Return the segments of messages that belong to a process."""
    bits = f"{pid & 0xFF:02x}.{pid >> 8 & 0xFF:02x}"
    pattern = re.compile(rf"fast_datasharing_(?:[0-9a-f]+\.){{4}}{bits}\.")
    return {path for path in Path("/dev/shm").iterdir() if pattern.match(path.name)}


def report_of(reader: Any) -> tuple[int, int]:
    """Ask a reader for its number of overwritten views and its memory, KiB."""
    reader.say("report")
    overwritten, memory = reader.expect(r"overwritten=(\d+) .*memory_kb=(\d+)").groups()
    return int(overwritten), int(memory)


@pytest.mark.parametrize("what", ["airo_camera_msgs/Image640x480", "640x480"])
def test_readers_survive_killed_writers(
    start_writer: Callable[..., Any], start_reader: Callable[..., Any], effort: Any, tell: Any, what: str
) -> None:
    """Readers that hold views report what was overwritten, go on with the next writer, and no memory is left."""
    readers = [start_reader(what) for _ in range(2)]
    waited: list[float] = []
    before: list[tuple[int, int]] = []
    for salt in effort.rounds(5, soak=100, share=0.15):
        writer = start_writer(what, "--salt", str(salt), "--flood")
        begun = float(re.search(r"ready (.*)", "\n".join(writer.output))[1])  # type: ignore[index]
        for reader in readers:
            reader.say(f"await {salt}")
        met = [float(reader.expect(rf"met {salt} (\S+) zero_copy=True")[1]) for reader in readers]
        waited.append(max(met) - begun)
        segments = segments_of(writer.popen.pid)
        assert segments
        writer.kill_group()
        before = before or [report_of(reader) for reader in readers]
        remove_orphans()
        assert not any(segment.exists() for segment in segments)
        if effort.is_soak:  # one restart at a time; ARCHITECTURE.md, known faults of Fast DDS, tells why
            for reader in readers:
                reader.say("alone")
                reader.expect("alone")
    after = [report_of(reader) for reader in readers]
    overwritten = sum(count for count, _ in after)
    growth = max(memory - first for (_, memory), (_, first) in zip(after, before, strict=True))
    for reader in readers:
        reader.say("quit")
        assert reader.wait() == 0, reader.errors
    assert overwritten >= len(readers) * len(waited)
    assert growth < GENEROUS_KILOBYTES
    tell(
        f"{len(waited)} writers killed, {len(readers)} readers alive, {overwritten} views overwritten and reported, "
        f"0 lies; next writer met after {statistics.median(waited):.2f} s, at most {max(waited):.2f} s; "
        f"readers' memory {growth / 1024:+.1f} MB"
    )
