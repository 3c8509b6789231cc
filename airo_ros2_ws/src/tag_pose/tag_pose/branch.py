"""Which of the two solutions of a tag is the right one, from what was seen before."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tag_pose.pose import PRIOR_REACH, PoseEstimate, evidence_of

__all__ = ["BranchPrior", "follow", "known"]

# Evidence is the logarithm of how many times likelier one solution is than the other.
MAX_EVIDENCE = 12.0  # half of what one image may tell: a clear one overrules everything before
KEPT_PER_FRAME = 0.98  # errors of successive images are alike: old evidence fades
TOLD_APART = math.radians(30)  # by less than this, a solution may have been either of those before


@dataclass(frozen=True, eq=False)
class BranchPrior:
    """What earlier images say of a tag.

    Attributes:
        rotations: (3, 3) float64 each, camera from tag, of the chosen solution and of the other if there was one.
        evidence: for the first of them, at least 0.
    """

    rotations: tuple[NDArray[np.float64], ...]
    evidence: float


def follow(estimate: PoseEstimate, prior: BranchPrior | None) -> tuple[PoseEstimate, BranchPrior]:
    """Choose between the solutions of a tag with the evidence of this image and of those before.

    The wrong solution explains each image a little worse, and turns the other way when the tag turns: over some images
    it is found out also where a single image cannot tell.

    Args:
        estimate: of this image, the solution of the smaller error first.
        prior: as it was returned for the image before; None to begin.

    Returns:
        The estimate with the chosen solution first, and what to pass with the next image.
    """
    solutions = estimate.solutions
    rotations = tuple(solution.camera_from_tag[:3, :3] for solution in solutions)
    evidence = evidence_of(solutions) + (0.0 if prior is None else _of_prior(prior, rotations))
    evidence = max(-MAX_EVIDENCE, min(evidence, MAX_EVIDENCE))
    if evidence < 0:
        return estimate.swapped(), BranchPrior(rotations[::-1], -evidence)
    return estimate, BranchPrior(rotations, evidence)


def known(estimate: PoseEstimate) -> BranchPrior:
    """Return the prior that an estimate leaves whose chosen solution is known to be right."""
    return BranchPrior(tuple(one.camera_from_tag[:3, :3] for one in estimate.solutions), MAX_EVIDENCE)


def _of_prior(prior: BranchPrior, rotations: tuple[NDArray[np.float64], ...]) -> float:
    """Return what the prior says for the first of two solutions; below 0 if it speaks for the second."""
    if len(rotations) < 2:
        return prior.evidence
    angles = [[_angle(rotation, before) for before in prior.rotations] for rotation in rotations]
    if min(angles[0][0], angles[1][0]) > PRIOR_REACH:
        return 0.0
    apart = angles[1][0] - angles[0][0]
    if len(prior.rotations) == 2:
        apart += angles[0][1] - angles[1][1]
    return KEPT_PER_FRAME * prior.evidence * max(-1.0, min(apart / TOLD_APART, 1.0))


def _angle(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    return math.acos(max(-1.0, min((float(np.vdot(one, other)) - 1) / 2, 1.0)))
