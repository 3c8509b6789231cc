"""From the measurements to how many cameras run, and what each further one costs."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import Any

import numpy as np

__all__ = ["REACHED", "is_reached", "summary_of", "taken_by_others"]

REACHED = 0.95  # of the rate asked for, by every camera, in frames and in frames searched for tags


def is_reached(result: dict[str, Any], fps: float) -> bool:
    """Return whether every camera had its rate and every tag_pose node kept up with it."""
    rates = [stream[key] for stream in result["streams"] for key in ("frame_rate", "tag_rate")]
    return bool(min(rates) >= REACHED * fps)


def taken_by_others(result: dict[str, Any]) -> float:
    """Return how many cores were taken by what does not belong to the set-up."""
    return float(result["cores_busy"] - sum(result["cpu"].values()))


def summary_of(results: Sequence[dict[str, Any]], *, fps: float) -> dict[str, Any]:
    """Return where the limit of one scene lies and what a further camera costs below it.

    Args:
        results: of one scene, by number of cameras.
        fps: asked of each camera.
    """
    within: list[dict[str, Any]] = []
    for result in results:
        if not is_reached(result, fps):
            break
        within.append(result)
    beyond = next((result["cameras"] for result in results if result not in within), None)
    priced = within if len(within) > 1 else results[:2]  # a slope needs two; further ones starve each other
    return {
        "scene": results[0]["scene"],
        "reached_with": within[-1]["cameras"] if within else 0,
        "missed_with": beyond,
        "priced_on": [result["cameras"] for result in priced],
        "cpu_per_camera": {
            kind: _slope(priced, [result["cpu"][kind] for result in priced])
            for kind in ("camera", "tags", "supervisor")
        },
        "pss_bytes_per_camera": _slope(results, [sum(result["pss_bytes"].values()) for result in results]),
        "shared_memory_bytes_per_camera": _slope(results, [result["shared_memory_bytes"] for result in results]),
        "mean_frame_rates": {result["cameras"]: _mean(result, "frame_rate") for result in results},
        "mean_tag_rates": {result["cameras"]: _mean(result, "tag_rate") for result in results},
    }


def _mean(result: dict[str, Any], key: str) -> float:
    return float(mean(stream[key] for stream in result["streams"]))


def _slope(results: Sequence[dict[str, Any]], figures: Sequence[float]) -> float | None:
    """Return by how much a figure grows per camera; None with fewer than two results."""
    if len(results) < 2:
        return None
    return float(np.polyfit([result["cameras"] for result in results], figures, 1)[0])
