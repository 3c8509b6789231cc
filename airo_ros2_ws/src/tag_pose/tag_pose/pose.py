"""The pose of one tag from its four corners."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from airo_frames.rotation import angle_between, quaternion_xyzw
from tag_pose.covariance import corner_sigma, pose_covariance
from tag_pose.exceptions import PoseInputError
from tag_pose.planar import PoseSolution, distortion_for_opencv, pixels_by_point, planar_solutions, tag_corners

__all__ = ["PoseEstimate", "PoseSolution", "ambiguity_of", "check_tag_size", "estimate_pose"]

# Above this ratio of errors, the smaller error was the wrong solution too often (rendered small and frontal tags).
AMBIGUOUS_RATIO = 0.2
# A previous pose farther than this from both solutions tells nothing about which one is right.
PRIOR_REACH = math.radians(45)
MIN_AREA_PX2 = 1.0


@dataclass(frozen=True, eq=False)
class PoseEstimate:
    """Where a tag is, how sure that is, and where else it might be.

    The tag frame lies in the middle of the tag: x to its right, y up, z out of it towards the viewer.
    The camera frame is x right, y down, z forward.

    Attributes:
        camera_from_tag: (4, 4) float64, m.
        reprojection_error_px: root mean square distance over the four corners.
        alternative: the second solution of the planar pose problem; None when there is only one.
        ambiguity: smaller error of the two solutions divided by the larger, 0 to 1; 0 without an alternative.
            From 0.2 the errors alone do not tell which one is right.
        covariance: (6, 6) float64: x, y, z (m), rotation about x, y, z (rad), as in geometry_msgs. Rotations
            are about the axes of the camera frame: R_true = exp(rotation) R. It holds around camera_from_tag and does
            not cover the alternative. None when the corners do not determine it.
    """

    camera_from_tag: NDArray[np.float64]
    reprojection_error_px: float
    alternative: PoseSolution | None
    ambiguity: float
    covariance: NDArray[np.float64] | None

    @property
    def position(self) -> NDArray[np.float64]:
        """(3,) float64, m: the middle of the tag in the camera frame. Memory: view of camera_from_tag."""
        return self.camera_from_tag[:3, 3]

    @property
    def quaternion_xyzw(self) -> NDArray[np.float64]:
        """(4,) float64 unit quaternion of camera_from_tag, w >= 0."""
        return quaternion_xyzw(self.camera_from_tag[:3, :3])


def estimate_pose(
    corners: NDArray[np.float64],
    *,
    tag_size: float,
    intrinsics: Intrinsics,
    previous: NDArray[np.float64] | None = None,
) -> PoseEstimate | None:
    """Return the pose of a tag from its corners in a raw (distorted) image.

    Args:
        corners: (4, 2) float64, px in OpenCV's convention: bottom-left, bottom-right, top-right, top-left of the tag.
        tag_size: m, edge of the square whose corners these are: the black border.
        intrinsics: of the image as it was taken; its distortion is used.
        previous: (4, 4) float64 camera_from_tag of the same tag shortly before; picks the nearer of two solutions when
            their errors are too alike to tell.

    Returns:
        The better solution first, in read-only arrays. None when no solution lies in front of the camera with the tag
        facing it.

    Raises:
        PoseInputError: size, corners, previous pose or distortion model cannot give a pose; says which and why.

    Source: T. Collins and A. Bartoli, Infinitesimal Plane-Based Pose Estimation, 2014, refined by least squares.
    """
    check_tag_size(tag_size)
    _check_corners(corners)
    _check_previous(previous)
    distortion = distortion_for_opencv(intrinsics)
    solutions = planar_solutions(corners, tag_size=tag_size, intrinsics=intrinsics, distortion=distortion)
    if not solutions:
        return None
    ambiguity = ambiguity_of(solutions)
    if ambiguity >= AMBIGUOUS_RATIO and previous is not None:
        solutions = _nearest_first(solutions, previous)
    best = solutions[0]
    covariance = pose_covariance(
        tag_corners(tag_size),
        camera_from_tag=best.camera_from_tag,
        pixels_by_point=pixels_by_point(best, tag_size=tag_size, intrinsics=intrinsics, distortion=distortion),
        sigma=corner_sigma(corners),
    )
    if covariance is not None:
        covariance.flags.writeable = False
    return PoseEstimate(
        camera_from_tag=best.camera_from_tag,
        reprojection_error_px=best.reprojection_error_px,
        alternative=solutions[1] if len(solutions) > 1 else None,
        ambiguity=ambiguity,
        covariance=covariance,
    )


def check_tag_size(tag_size: float) -> None:
    """Raise PoseInputError unless a tag size, m, is a finite number above 0."""
    if not 0 < tag_size < math.inf:
        raise PoseInputError(
            f"tag size is {tag_size!r} m: expected a finite number above 0, the edge of the black border"
        )


def ambiguity_of(solutions: Sequence[PoseSolution]) -> float:
    """Return the smaller error of two solutions divided by the larger, 0 to 1; 0 when there is only one solution."""
    if len(solutions) < 2:
        return 0.0
    smaller, larger = sorted(solution.reprojection_error_px for solution in solutions)
    return smaller / larger if larger > 0 else 1.0


def _check_corners(corners: NDArray[np.float64]) -> None:
    if corners.shape != (4, 2):
        raise PoseInputError(f"corners have shape {corners.shape}: expected (4, 2)")
    if not np.isfinite(corners).all():
        raise PoseInputError(f"corners are not finite: {corners.tolist()}")
    sides = np.roll(corners, -1, axis=0) - corners
    next_sides = np.roll(sides, -1, axis=0)
    # Around a tag that faces the camera every turn has this sign in pixels, whose y points down.
    turns = sides[:, 1] * next_sides[:, 0] - sides[:, 0] * next_sides[:, 1]
    if not ((turns > 0).all() and turns.sum() / 4 >= MIN_AREA_PX2):
        raise PoseInputError(
            f"corners {np.round(corners, 2).tolist()} are no convex quadrilateral of {MIN_AREA_PX2:g} px^2 or more "
            "in the order bottom-left, bottom-right, top-right, top-left"
        )


def _check_previous(previous: NDArray[np.float64] | None) -> None:
    if previous is not None and (previous.shape != (4, 4) or not np.isfinite(previous).all()):
        raise PoseInputError(f"previous pose is {previous.tolist()}: expected a finite (4, 4) camera_from_tag or None")


def _nearest_first(solutions: Sequence[PoseSolution], previous: NDArray[np.float64]) -> list[PoseSolution]:
    angles = [angle_between(solution.camera_from_tag[:3, :3], previous[:3, :3]) for solution in solutions]
    if min(angles) > PRIOR_REACH:
        return list(solutions)
    return [solutions[index] for index in np.argsort(angles, kind="stable")]
