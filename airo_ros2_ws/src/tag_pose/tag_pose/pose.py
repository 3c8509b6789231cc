"""The poses of tags from their corners."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from airo_frames.rotation import angle_between, quaternion_xyzw
from tag_pose.corner_rays import corner_rays
from tag_pose.covariance import corner_sigmas, covariances, whitened
from tag_pose.exceptions import PoseInputError
from tag_pose.planar import MIN_AREA_PX2, is_square_image, square_poses, tag_corners
from tag_pose.pose_fit import PoseFits, fit_poses

__all__ = [
    "PoseEstimate",
    "PoseSolution",
    "ambiguity_of",
    "check_tag_size",
    "estimate_pose",
    "estimate_poses",
    "evidence_of",
]

# One image does not tell which solution is right when the ratio of their errors is larger than this, or when one is
# likelier by a smaller factor than this power of e: the wrong one had the smaller error too often (rendered small and
# frontal tags).
AMBIGUOUS_RATIO, CLEAR_EVIDENCE = 0.2, 3.0
MAX_EVIDENCE = 24.0  # of one image
# A previous pose farther than this from both solutions tells nothing about which one is right.
PRIOR_REACH = math.radians(45)
# In one of a hundred tags noise alone makes the sum of the squared residuals, in sigma, larger than this.
SURPRISING = 9.2
# The refinement has led both starts to one minimum when less than this is left between them.
SAME_SOLUTION = math.radians(0.2)


@dataclass(frozen=True, eq=False)
class PoseSolution:
    """One pose that explains the corners of a tag.

    Attributes:
        camera_from_tag: (4, 4) float64, m.
        reprojection_error_px: root mean square distance over the four corners.
        covariance: (6, 6) float64, see PoseEstimate; None when the corners do not determine it, or it was not kept.
        misfit: sum of the squared residuals in their standard deviations, which has two degrees of freedom; nan when it
            was not kept.
    """

    camera_from_tag: NDArray[np.float64]
    reprojection_error_px: float
    covariance: NDArray[np.float64] | None = None
    misfit: float = math.nan

    @property
    def position(self) -> NDArray[np.float64]:
        """(3,) float64, m: the middle of the tag in the camera frame. Memory: view of camera_from_tag."""
        return self.camera_from_tag[:3, 3]

    @property
    def quaternion_xyzw(self) -> NDArray[np.float64]:
        """(4,) float64 unit quaternion of camera_from_tag, w >= 0."""
        return quaternion_xyzw(self.camera_from_tag[:3, :3])


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
        covariance: (6, 6) float64: x, y, z (m), rotation about x, y, z (rad), as in geometry_msgs. Rotations
            are about the axes of the camera frame: R_true = exp(rotation) R. It holds around camera_from_tag and does
            not cover the alternative. None when the corners do not determine it.
        is_ambiguous: this image alone does not tell which one is right: the ratio is 0.2 or more, or noise explains the
            difference of the errors.
        misfit: sum of the squared residuals in their standard deviations; nan when it was not kept.
    """

    camera_from_tag: NDArray[np.float64]
    reprojection_error_px: float
    alternative: PoseSolution | None
    ambiguity: float
    covariance: NDArray[np.float64] | None
    is_ambiguous: bool = False
    misfit: float = math.nan

    @property
    def position(self) -> NDArray[np.float64]:
        """(3,) float64, m: the middle of the tag in the camera frame. Memory: view of camera_from_tag."""
        return self.camera_from_tag[:3, 3]

    @property
    def quaternion_xyzw(self) -> NDArray[np.float64]:
        """(4,) float64 unit quaternion of camera_from_tag, w >= 0."""
        return quaternion_xyzw(self.camera_from_tag[:3, :3])

    @property
    def solutions(self) -> tuple[PoseSolution, ...]:
        """Both solutions, the chosen one first, or the only one."""
        chosen = PoseSolution(self.camera_from_tag, self.reprojection_error_px, self.covariance, self.misfit)
        return (chosen,) if self.alternative is None else (chosen, self.alternative)

    def nearest_to(self, rotation: NDArray[np.float64]) -> PoseEstimate:
        """Return the estimate as it is known to be right: the solution nearest to a (3, 3) rotation is chosen."""
        angles = [angle_between(one.camera_from_tag[:3, :3], rotation) for one in self.solutions]
        return replace(self.swapped() if angles[-1] < angles[0] else self, is_ambiguous=False)

    def swapped(self) -> PoseEstimate:
        """Return the same estimate with the alternative as the chosen one; itself when there is no alternative."""
        if self.alternative is None:
            return self
        chosen, other = self.alternative, self.solutions[0]
        return replace(
            self,
            camera_from_tag=chosen.camera_from_tag,
            reprojection_error_px=chosen.reprojection_error_px,
            covariance=chosen.covariance,
            misfit=chosen.misfit,
            alternative=other,
        )


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
    """
    check_tag_size(tag_size)
    _check_corners(corners)
    _check_previous(previous)
    (estimate,) = estimate_poses(corners[None], tag_sizes=np.array([tag_size]), intrinsics=intrinsics)
    if estimate is None or previous is None or not estimate.is_ambiguous:
        return estimate
    angles = [angle_between(other.camera_from_tag[:3, :3], previous[:3, :3]) for other in estimate.solutions]
    return estimate.swapped() if angles[1] < min(angles[0], PRIOR_REACH) else estimate


def estimate_poses(
    corners: NDArray[np.float64],
    *,
    tag_sizes: NDArray[np.float64],
    intrinsics: Intrinsics,
    sigmas: NDArray[np.float64] | None = None,
    noise_scale: float = 1.0,
    are_crossings: bool = False,
) -> list[PoseEstimate | None]:
    """Return the poses of all tags of one raw (distorted) image, for little more than one costs.

    Args:
        corners: (N, 4, 2) float64, px in OpenCV's convention: bottom-left, bottom-right, top-right, top-left.
        tag_sizes: (N,) float64, m.
        intrinsics: of the image as it was taken; its distortion is used.
        sigmas: (N,) float64, px, standard deviations of the corners' coordinates; corner_sigmas() when None.
        noise_scale: by which all sigmas are larger. It changes no pose, not by the last bit, only how sure it is.
        are_crossings: the corners are crossings of lines fitted to the edges, which a lens bends.

    Returns:
        For each tag what estimate_pose() says; None also where the corners cannot be those of a tag.

    Raises:
        PoseInputError: the distortion model is unknown.

    Source: T. Collins and A. Bartoli, Infinitesimal Plane-Based Pose Estimation, 2014, refined by least squares.
    """
    count = len(corners)
    is_square = is_square_image(corners) & (tag_sizes > 0) & (tag_sizes < math.inf)
    usable = np.flatnonzero(is_square)
    rays, pixels_by_ray = corner_rays(corners[usable], intrinsics=intrinsics, are_crossings=are_crossings)
    estimates: list[PoseEstimate | None] = [None] * count
    if len(usable) == 0:
        return estimates
    sigmas = (corner_sigmas(corners) if sigmas is None else sigmas)[usable]
    metrics = whitened(pixels_by_ray, corners[usable], sigmas=sigmas, are_crossings=are_crossings)
    rotations, translations = square_poses(rays, tag_sizes=tag_sizes[usable])
    points, rays = tag_corners(tag_sizes[usable]).repeat(2, axis=0), rays.repeat(2, axis=0)
    fits = fit_poses(
        points,
        rays=rays,
        metrics=metrics.repeat(2, axis=0)[:, None],
        rotations=rotations.reshape(-1, 3, 3),
        translations=translations.reshape(-1, 3),
    )
    # Corners that fit worse than noise explains (a covered edge, motion) make the pose as much less sure.
    costs = fits.costs / noise_scale**2
    found = covariances(fits.normals / noise_scale**2, sigmas=np.sqrt(np.maximum(costs / SURPRISING, 1.0)))
    poses = np.tile(np.eye(4), (2 * len(usable), 1, 1))
    poses[:, :3, :3], poses[:, :3, 3] = fits.rotations, fits.translations
    faces_camera = (fits.rotations[:, :, 2] * fits.translations).sum(axis=1) < 0
    is_valid = np.isfinite(fits.costs) & faces_camera & np.isfinite(poses).all(axis=(1, 2))
    has_covariance = np.isfinite(found[:, 0, 0])
    poses.flags.writeable = found.flags.writeable = False
    misfits = costs.tolist()
    errors = _errors_px(fits, points, rays, pixels_by_ray.repeat(2, axis=0)).tolist()
    for place, tag in enumerate(usable.tolist()):
        solutions = [
            PoseSolution(poses[row], errors[row], found[row] if has_covariance[row] else None, misfits[row])
            for row in (2 * place, 2 * place + 1)
            if is_valid[row]
        ]
        estimates[tag] = _estimate(solutions)
    return estimates


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


def evidence_of(solutions: Sequence[PoseSolution]) -> float:
    """Return for the first of two solutions how much likelier it is, as a logarithm; 0 when there is only one."""
    if len(solutions) < 2:
        return 0.0
    chosen, other = (solution.misfit for solution in solutions)
    # Four corners leave two degrees of freedom: a misfit beyond that tells that corners are noisier in this image.
    variance = max(1.0, min(chosen, other) / 2)
    return max(-MAX_EVIDENCE, min((other - chosen) / (2 * variance), MAX_EVIDENCE))


def _estimate(solutions: list[PoseSolution]) -> PoseEstimate | None:
    if not solutions:
        return None
    solutions.sort(key=lambda solution: solution.misfit)
    if len(solutions) == 2:
        one, other = (solution.camera_from_tag[:3, :3] for solution in solutions)
        # The trace of the rotation between them is 1 + 2 cos(angle).
        if np.vdot(one, other) > 1 + 2 * math.cos(SAME_SOLUTION):
            solutions = solutions[:1]
    best, ambiguity = solutions[0], ambiguity_of(solutions)
    is_ambiguous = len(solutions) > 1 and (ambiguity >= AMBIGUOUS_RATIO or evidence_of(solutions) < CLEAR_EVIDENCE)
    return PoseEstimate(
        camera_from_tag=best.camera_from_tag,
        reprojection_error_px=best.reprojection_error_px,
        alternative=solutions[1] if len(solutions) > 1 else None,
        ambiguity=ambiguity,
        is_ambiguous=is_ambiguous,
        covariance=best.covariance,
        misfit=best.misfit,
    )


def _errors_px(
    fits: PoseFits, points: NDArray[np.float64], rays: NDArray[np.float64], pixels_by_ray: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the root mean square distance over the four corners of each fit, px, (B,)."""
    with np.errstate(all="ignore"):
        in_camera = points @ fits.rotations.transpose(0, 2, 1) + fits.translations[:, None]
        offsets = pixels_by_ray @ (rays - in_camera[..., :2] / in_camera[..., 2:])[..., None]
        return np.asarray(np.sqrt(np.square(offsets).sum(axis=(1, 2, 3)) / 4))


def _check_corners(corners: NDArray[np.float64]) -> None:
    if corners.shape != (4, 2):
        raise PoseInputError(f"corners have shape {corners.shape}: expected (4, 2)")
    if not np.isfinite(corners).all():
        raise PoseInputError(f"corners are not finite: {corners.tolist()}")
    if not is_square_image(corners[None])[0]:
        raise PoseInputError(
            f"corners {np.round(corners, 2).tolist()} are no convex quadrilateral of {MIN_AREA_PX2:g} px^2 or more "
            "in the order bottom-left, bottom-right, top-right, top-left"
        )


def _check_previous(previous: NDArray[np.float64] | None) -> None:
    if previous is not None and (previous.shape != (4, 4) or not np.isfinite(previous).all()):
        raise PoseInputError(f"previous pose is {previous.tolist()}: expected a finite (4, 4) camera_from_tag or None")
