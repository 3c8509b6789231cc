"""What was found against what is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_camera.sources.source import TagTruth
from airo_frames.rotation import angle_between
from tags.subjects import Sighting

__all__ = ["Scores", "is_wrong_branch", "normalised_error"]

MATCH_SIDES = 0.25  # mean distance of the corners of what counts as found, in sides of the tag
BRANCHES_APART = np.radians(10)  # two solutions nearer than this are one answer


@dataclass(eq=False)
class Scores:
    """Errors of one subject under one condition, one entry per tag that was found."""

    shown: int = 0
    false: int = 0
    corners: list[float] = field(default_factory=list)  # mean squared distance of a corner coordinate, px^2
    rotations: list[float] = field(default_factory=list)  # degrees
    translations: list[float] = field(default_factory=list)  # % of the range
    ranges: list[float] = field(default_factory=list)  # % of the range, positive where it is said to be farther away
    wrong: list[bool] = field(default_factory=list)
    flagged: list[bool] = field(default_factory=list)
    nees: list[float] = field(default_factory=list)  # of the right solutions, divided by 6

    def add(self, truth: TagTruth, sightings: Sequence[Sighting]) -> None:
        """Count what a subject found in an image of one tag."""
        self.shown += 1
        side = float(np.linalg.norm(truth.corners - np.roll(truth.corners, 1, axis=0), axis=1).mean())
        found = None
        for sighting in sightings:
            offsets = sighting.corners - truth.corners
            is_match = sighting.tag_id == truth.tag_id and np.linalg.norm(offsets, axis=1).mean() < MATCH_SIDES * side
            if is_match and found is None:
                found = sighting
            else:
                self.false += 1
        if found is not None:
            self.corners.append(float(np.square(found.corners - truth.corners).mean()))
            if found.rotation is not None and found.position is not None:
                self._add_pose(truth.camera_from_tag, found.rotation, found.position, found)

    def _add_pose(
        self,
        camera_from_tag: NDArray[np.float64],
        rotation: NDArray[np.float64],
        position: NDArray[np.float64],
        sighting: Sighting,
    ) -> None:
        true_rotation, true_position = camera_from_tag[:3, :3], camera_from_tag[:3, 3]
        distance = float(np.linalg.norm(true_position))
        self.rotations.append(float(np.degrees(angle_between(rotation, true_rotation))))
        self.translations.append(100 * float(np.linalg.norm(position - true_position)) / distance)
        self.ranges.append(100 * (float(np.linalg.norm(position)) - distance) / distance)
        wrong = is_wrong_branch(sighting, true_rotation)
        self.wrong.append(wrong)
        self.flagged.append(bool(sighting.is_ambiguous))
        if sighting.covariance is not None and not wrong:
            self.nees.append(normalised_error(sighting, camera_from_tag) / 6)

    def to_json(self) -> dict[str, Any]:
        """Return the figures; None where there is nothing to tell."""
        return {
            "shown": self.shown,
            "recall": len(self.corners) / self.shown if self.shown else None,
            "false": self.false,
            "corner_rms_px": float(np.sqrt(np.mean(self.corners))) if self.corners else None,
            "rotation_median_deg": _percentile(self.rotations, 50),
            "rotation_p95_deg": _percentile(self.rotations, 95),
            "translation_median_percent": _percentile(self.translations, 50),
            "translation_p95_percent": _percentile(self.translations, 95),
            "range_bias_percent": float(np.mean(self.ranges)) if self.ranges else None,
            "range_bias_error_percent": float(np.std(self.ranges) / np.sqrt(len(self.ranges))) if self.ranges else None,
            "wrong_branch": float(np.mean(self.wrong)) if self.wrong else None,
            "wrong_unflagged": (
                float(np.mean([w and not f for w, f in zip(self.wrong, self.flagged, strict=True)]))
                if self.wrong
                else None
            ),
            "flagged": float(np.mean(self.flagged)) if self.flagged else None,
            "nees": float(np.mean(self.nees)) if self.nees else None,
        }


def is_wrong_branch(sighting: Sighting, true_rotation: NDArray[np.float64]) -> bool:
    """Return whether the other solution is nearer to the truth; of subjects that tell none, whether it is far off."""
    assert sighting.rotation is not None
    angle = angle_between(sighting.rotation, true_rotation)
    if sighting.alternative is None:
        return sighting.is_ambiguous is None and angle > 2 * BRANCHES_APART
    is_other_better = angle_between(sighting.alternative, true_rotation) < angle
    return is_other_better and angle_between(sighting.alternative, sighting.rotation) > BRANCHES_APART


def normalised_error(sighting: Any, camera_from_tag: NDArray[np.float64]) -> float:
    """Return the squared error in units of the covariance; its mean is 6 when the covariance is honest."""
    turn = cv2.Rodrigues(camera_from_tag[:3, :3] @ sighting.rotation.T)[0].reshape(3)
    error = np.concatenate([camera_from_tag[:3, 3] - sighting.position, turn])
    return float(error @ np.linalg.solve(sighting.covariance, error))


def _percentile(values: Sequence[float], percent: float) -> float | None:
    return float(np.percentile(values, percent)) if values else None
