"""Rows of figures for people."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import mean, median
from typing import Any

from scale.summary import is_reached

__all__ = ["COLUMNS", "cells", "sentences"]

COLUMNS = (
    "cameras",
    "frames per s, slowest camera",
    "searched per s, slowest",
    "reached",
    "CPU: cameras",
    "tag_pose",
    "supervisor",
    "whole machine",
    "frame latency",
    "tag latency, median / worst",
    "memory (PSS)",
    "/dev/shm",
)


def cells(result: dict[str, Any], fps: float) -> list[str]:
    """Return a measurement as texts, one for each of COLUMNS; CPU in cores, latency from acquisition."""
    streams, cpu = result["streams"], result["cpu"]
    return [
        str(result["cameras"]),
        f"{min(stream['frame_rate'] for stream in streams):.1f}",
        f"{min(stream['tag_rate'] for stream in streams):.1f}",
        "yes" if is_reached(result, fps) else "no",
        *(f"{cpu[kind]:.2f}" for kind in ("camera", "tags", "supervisor")),
        f"{result['cores_busy']:.2f}",
        f"{median(stream['frame_latency_ms'] for stream in streams):.1f} ms",
        f"{median(stream['tag_latency_ms'] for stream in streams):.1f} / "
        f"{max(stream['tag_latency_max_ms'] for stream in streams):.0f} ms",
        f"{sum(result['pss_bytes'].values()) / 1e6:.0f} MB",
        f"{result['shared_memory_bytes'] / 1e6:.0f} MB",
    ]


def sentences(summary: dict[str, Any], results: list[dict[str, Any]], fps: float) -> Iterator[str]:
    """Say where the limit lies and what a camera costs."""
    with_most, missed = summary["reached_with"], summary["missed_with"]
    most = "1 camera reaches" if with_most == 1 else f"{with_most} cameras reach"
    limit = (
        f"{most} {fps:g} fps with every frame searched"
        if with_most
        else f"Not even one reaches {fps:g} fps with every frame searched"
    )
    if missed is None:
        yield f"{limit}; more were not tried."
    else:
        result = next(result for result in results if result["cameras"] == missed)
        frames, tags = (mean(stream[key] for stream in result["streams"]) for key in ("frame_rate", "tag_rate"))
        yield (
            f"{limit}. With {missed} in the set-up, a camera publishes {frames:.1f} frames per second and "
            f"{tags:.1f} of them are searched, on average."
        )
    cpu = summary["cpu_per_camera"]
    if cpu["camera"] is None:
        return
    pss, shared = summary["pss_bytes_per_camera"], summary["shared_memory_bytes_per_camera"]
    yield (
        f"Each further camera costs {cpu['camera']:.2f} of a core for the camera, {cpu['tags']:.2f} for its tags and "
        f"{cpu['supervisor']:.3f} for the supervisor (slope over {', '.join(map(str, summary['priced_on']))} cameras), "
        f"{pss / 1e6:.0f} MB of memory and {shared / 1e6:.1f} MB of /dev/shm."
    )
