"""`airo-ros2 clean`: remove what processes that have ended left in shared memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from rclpy_loans.orphans import Leftovers, find_leftovers, remove_orphans
from rclpy_loans.shared_memory import SHARED_MEMORY

__all__ = ["bytes_text", "run_clean", "total_bytes"]

_DOUBTFUL = "whose owner may live outside this container: run clean there, or where all processes are visible"


def run_clean(*, dry_run: bool, as_json: bool, write: Callable[[str], None], folder: Path = SHARED_MEMORY) -> int:
    """Remove the Fast DDS files of this user that nobody uses any more, say what was freed, and return status 0.

    Args:
        dry_run: remove nothing, say what would be.
        as_json: print one JSON object and nothing else.
        write: prints a line.
        folder: where the segments are.
    """
    paths, freed = remove_orphans(dry_run=dry_run, folder=folder)
    kept = find_leftovers(folder=folder)
    if as_json:
        write(_as_json(paths, freed, kept, dry_run=dry_run))
    else:
        for line in _lines(paths, freed, kept, dry_run=dry_run):
            write(line)
    return 0


def total_bytes(paths: Sequence[Path]) -> int:
    """Return the size of files together; one that has gone counts 0."""
    total = 0
    for path in paths:
        try:
            total += path.stat().st_size
        except FileNotFoundError:  # its owner has just removed it
            continue
    return total


def bytes_text(count: int) -> str:
    """Return a number of bytes for people."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


def _as_json(paths: Sequence[Path], freed: int, kept: Leftovers, *, dry_run: bool) -> str:
    content = {
        "files": len(paths),
        "bytes": freed,
        "dry_run": dry_run,
        "paths": [str(path) for path in paths],
        "kept": {
            "in_use": _amount(kept.in_use),
            "doubtful": _amount(kept.doubtful),
            "other_users": _amount(kept.foreign),
        },
    }
    return json.dumps(content)


def _amount(paths: Sequence[Path]) -> dict[str, int]:
    return {"files": len(paths), "bytes": total_bytes(paths)}


def _lines(paths: Sequence[Path], freed: int, kept: Leftovers, *, dry_run: bool) -> list[str]:
    verb = "would free" if dry_run else "freed"
    lines = [str(path) for path in paths]
    summary = f"{verb} {bytes_text(freed)}: {_files(len(paths))} of processes that have ended"
    lines.append(summary if paths else "nothing to remove")
    for group, reason in ((kept.in_use, "in use"), (kept.foreign, "of other users"), (kept.doubtful, _DOUBTFUL)):
        if group:
            lines.append(f"kept {bytes_text(total_bytes(group))}: {_files(len(group))} {reason}")
    return lines


def _files(count: int) -> str:
    return f"{count} file" if count == 1 else f"{count} files"
