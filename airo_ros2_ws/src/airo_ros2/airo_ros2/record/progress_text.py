"""How a recording goes, on one line."""

from __future__ import annotations

from typing import Any

from airo_recorder.recorder import Progress

__all__ = ["progress_text", "summary_text"]


def progress_text(progress: Progress) -> str:
    """Return time, frames, lost frames, size and room on the disk."""
    return (
        f"{progress.state} {progress.seconds:7.1f} s  {progress.written:6d} frames  {progress.lost:4d} lost  "
        f"{progress.size_bytes / 1e6:8.1f} MB  {progress.free_bytes / 1e9:6.1f} GB left on the disk"
    )


def summary_text(folder: object, summary: dict[str, Any]) -> str:
    """Return what became of the frames of a recording."""
    reasons = [
        f"{count} {reason}"
        for camera in summary["cameras"].values()
        for reason, count in camera["lost_by_reason"].items()
    ]
    why = f" ({', '.join(reasons)})" if reasons else ""
    return (
        f"{folder}: {summary['written']} frames in {summary['duration_secs']:.1f} s, {summary['lost']} lost{why}, "
        f"{summary['bytes'] / 1e6:.1f} MB"
    )
