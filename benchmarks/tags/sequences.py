"""A moving tag over some seconds: is the right one of its two solutions kept?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from airo_frames.intrinsics import Intrinsics
from airo_frames.rotation import angle_between
from tag_pose.detector_settings import DetectorSettings
from tag_pose.tagger import Tagger
from tags.scenes import FOCAL, TAG_SIZE, blank, draw, facing, finished, truth_of
from tags.scores import BRANCHES_APART

__all__ = ["run_sequences"]

RATE_HZ = 30
SECONDS = 4
SIDES = (24, 36, 48)
WINDOW = (96, 96)


def run_sequences(backend: str, *, count: int, seed: int) -> list[dict[str, Any]]:
    """Return how often the wrong solution was chosen, in the first second and after it, for each size of tags."""
    rows = []
    for side in SIDES:
        counts = {"first": [0, 0], "later": [0, 0], "alone": [0, 0]}  # wrong, shown
        for number in range(count):
            _count(counts, backend, side, np.random.default_rng([seed, side, number]))
        rows.append(
            {"backend": backend, "side": side, "sequences": count}
            | {name: wrong / shown if shown else None for name, (wrong, shown) in counts.items()}
            | {"frames": counts["first"][1] + counts["later"][1]}
        )
    return rows


def _count(counts: dict[str, list[int]], backend: str, side: float, rng: np.random.Generator) -> None:
    camera = Intrinsics.pinhole(FOCAL, FOCAL, (WINDOW[0] - 1) / 2, (WINDOW[1] - 1) / 2)
    periods, phases = rng.uniform(3.0, 7.0, 3), rng.uniform(0, 2 * math.pi, 3)
    with Tagger(DetectorSettings(backend=backend), tag_size=TAG_SIZE) as tagger:
        for frame in range(RATE_HZ * SECONDS):
            waves = np.sin(2 * math.pi * frame / RATE_HZ / periods + phases)
            ray = waves[:2] * 6.0 / FOCAL
            pose = np.eye(4)
            # The tilt swings between 5 and 50 degrees about an axis that wanders.
            pose[:3, :3] = facing(ray, tilt=27.5 + 22.5 * waves[2], axis=60.0 * waves[0], roll=20.0 * waves[1])
            pose[:3, 3] = np.array([*ray, 1.0]) * FOCAL * TAG_SIZE / side
            truth = truth_of(7, pose, size=TAG_SIZE, intrinsics=camera)
            canvas = blank(WINDOW)
            draw(truth, canvas, blur=0.6, intrinsics=camera)
            for tag in tagger.process(finished(canvas, noise=2.0, rng=rng), intrinsics=camera):
                if tag.pose is None or tag.observation.tag_id != truth.tag_id:
                    continue
                wrong = [_is_wrong(order, pose) for order in (tag.pose, _by_error(tag.pose))]
                for name, is_wrong in (("first" if frame < RATE_HZ else "later", wrong[0]), ("alone", wrong[1])):
                    counts[name][0] += is_wrong
                    counts[name][1] += 1


def _by_error(pose: Any) -> Any:
    """Return the estimate as one image alone would have it."""
    is_swapped = pose.alternative is not None and pose.alternative.misfit < pose.misfit
    return pose.swapped() if is_swapped else pose


def _is_wrong(pose: Any, truth: Any) -> bool:
    if pose.alternative is None:
        return False
    chosen, other = pose.camera_from_tag[:3, :3], pose.alternative.camera_from_tag[:3, :3]
    is_other_better = angle_between(other, truth[:3, :3]) < angle_between(chosen, truth[:3, :3])
    return is_other_better and angle_between(other, chosen) > BRANCHES_APART
