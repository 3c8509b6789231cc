"""Where a bundle is, from the corners of all its tags that are seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from airo_frames.rotation import angle_between, quaternion_xyzw
from tag_pose.bundle import BundleLayout, BundleTag
from tag_pose.corner_rays import corner_rays
from tag_pose.covariance import DEFAULT_BACKEND, covariances, whitened
from tag_pose.observation import DetectedTag, sigmas_of
from tag_pose.planar import tag_corners
from tag_pose.pose import PRIOR_REACH
from tag_pose.pose_fit import PoseFits, fit_poses
from tag_pose.tag_name import TagName

__all__ = ["LocatedBundle", "locate_bundle"]

# A tag belongs to a hypothesis when its corners are no farther from where they should be, root mean square: by a start
# from one tag alone, in sides of the tag, and after fitting several, px.
NEAR_START_SIDES, NEAR_START_PX = 0.35, 5.0
NEAR_FIT_SIDES, NEAR_FIT_PX = 0.04, 1.5
GOOD_SCORE = 0.3  # of all tags together: 0 when all fit exactly, and 1 for one that does not fit at all
MAX_HYPOTHESES, STARTS_WITHOUT_ONE = 8, 3


@dataclass(frozen=True, eq=False)
class LocatedBundle:
    """Where a bundle is and how sure that is.

    Attributes:
        layout: the bundle.
        camera_from_bundle: (4, 4) float64, m.
        reprojection_error_px: root mean square distance over all corners used.
        covariance: (6, 6) float64 in the order and axes of PoseEstimate.covariance; larger where the corners fit worse
            than their own uncertainty explains. None when they do not determine it.
        used: family and id of the tags that agree.
        rejected: those seen at places that do not agree with them.
        is_ambiguous: only one tag was used, and its errors alone do not tell which of two poses is right.
    """

    layout: BundleLayout
    camera_from_bundle: NDArray[np.float64]
    reprojection_error_px: float
    covariance: NDArray[np.float64] | None
    used: tuple[TagName, ...]
    rejected: tuple[TagName, ...]
    is_ambiguous: bool

    @property
    def position(self) -> NDArray[np.float64]:
        """(3,) float64, m: the bundle's origin in the camera frame. Memory: view of camera_from_bundle."""
        return self.camera_from_bundle[:3, 3]

    @property
    def quaternion_xyzw(self) -> NDArray[np.float64]:
        """(4,) float64 unit quaternion of camera_from_bundle, w >= 0."""
        return quaternion_xyzw(self.camera_from_bundle[:3, :3])


def locate_bundle(
    layout: BundleLayout,
    tags: Sequence[DetectedTag],
    *,
    intrinsics: Intrinsics,
    previous: NDArray[np.float64] | None = None,
    backend: str = DEFAULT_BACKEND,
    noise_scale: float = 1.0,
    are_crossings: bool = False,
) -> LocatedBundle | None:
    """Return where a bundle is: one pose for all corners that agree.

    Args:
        layout: of the bundle.
        tags: of one raw (distorted) image, with their poses; those of other bundles do not matter. One that does not
            agree with the others (wrong layout, false detection, a second copy of a tag) is left out.
        intrinsics: of that image.
        previous: (4, 4) float64 camera_from_bundle shortly before; decides where the image does not.
        backend: the library that found the corners.
        noise_scale: how much noisier the corners are than corner_sigmas() says.
        are_crossings: the corners are crossings of lines fitted to the edges, which a lens bends.

    Returns:
        None when no tag of the bundle has a pose, or no pose lies in front of the camera.

    Raises:
        PoseInputError: the distortion model is unknown.
    """
    members = [(part, tag) for tag in tags if tag.pose is not None and (part := layout.tag(tag.observation.name))]
    if not members:
        return None
    corners = np.stack([tag.observation.corners for _, tag in members])
    rays, pixels_by_ray = corner_rays(corners, intrinsics=intrinsics, are_crossings=are_crossings)
    sigmas = sigmas_of([tag.observation for _, tag in members], backend=backend) * noise_scale
    metrics = whitened(pixels_by_ray, corners, sigmas=sigmas, are_crossings=are_crossings)
    seen = _Seen.of(members, corners, rays, pixels_by_ray, metrics, sigmas=sigmas)
    starts = _starts(members, seen, previous)
    near_start = np.maximum(NEAR_START_SIDES * seen.sides, NEAR_START_PX)
    near_fit = np.maximum(np.maximum(NEAR_FIT_SIDES * seen.sides, NEAR_FIT_PX), 6 * seen.sigmas)
    agree = (seen.errors(starts) < near_start) | (np.arange(len(members)) == _owners(seen, starts)[:, None])
    poses, scores = _fitted(seen, starts, agree, near_fit)
    best = _best(scores, poses, previous)
    if len(members) > 2 and scores[best] > GOOD_SCORE:
        # One that is a little wrong draws the others to it: fit without each in turn, too, from the best starts.
        without_one = ~np.eye(len(members), dtype=bool)
        uses = (agree[:STARTS_WITHOUT_ONE, None] & without_one).reshape(-1, len(members))
        more, more_scores = _fitted(seen, starts[:STARTS_WITHOUT_ONE].repeat(len(members), axis=0), uses, near_fit)
        poses, scores = np.concatenate([poses, more]), np.concatenate([scores, more_scores])
        best = _best(scores, poses, previous)
    agree = seen.errors(poses[best : best + 1]) < near_fit
    if not (math.isfinite(scores[best]) and agree.any()):
        return None
    return _located(layout, members, seen, seen.fit(poses[best : best + 1], agree), agree[0])


_Members = Sequence[tuple[BundleTag, DetectedTag]]


@dataclass(frozen=True, eq=False)
class _Seen:
    """The corners of M tags as they are seen, and where they are in the bundle."""

    points: NDArray[np.float64]  # (M, 4, 3), m, bundle frame
    rays: NDArray[np.float64]  # (M, 4, 2)
    pixels_by_ray: NDArray[np.float64]  # (M, 4, 2, 2)
    metrics: NDArray[np.float64]  # (M, 8, 8), of the rays of a tag
    sigmas: NDArray[np.float64]  # (M,), px
    sides: NDArray[np.float64]  # (M,), px

    @classmethod
    def of(
        cls,
        members: _Members,
        corners: NDArray[np.float64],
        rays: NDArray[np.float64],
        pixels_by_ray: NDArray[np.float64],
        metrics: NDArray[np.float64],
        *,
        sigmas: NDArray[np.float64],
    ) -> _Seen:
        in_tag = tag_corners(np.array([part.size for part, _ in members]))
        transforms = np.stack([part.bundle_from_tag for part, _ in members])
        return cls(
            points=in_tag @ transforms[:, :3, :3].transpose(0, 2, 1) + transforms[:, None, :3, 3],
            rays=rays,
            pixels_by_ray=pixels_by_ray,
            metrics=metrics,
            sigmas=sigmas,
            sides=np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).mean(axis=1),
        )

    def errors(self, poses: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the root mean square error of each tag under each pose, px, (H, M); infinite behind the camera."""
        in_camera = self.points @ poses[:, None, :3, :3].transpose(0, 1, 3, 2) + poses[:, None, None, :3, 3]
        with np.errstate(all="ignore"):
            offsets = self.rays - in_camera[..., :2] / in_camera[..., 2:]
            squares = np.square((self.pixels_by_ray @ offsets[..., None])[..., 0]).sum(axis=(2, 3))
        is_seen = (in_camera[..., 2] > 0).all(axis=2) & np.isfinite(squares)
        return np.asarray(np.where(is_seen, np.sqrt(np.where(is_seen, squares, 0.0) / 4), np.inf))

    def fit(self, poses: NDArray[np.float64], uses: NDArray[np.bool_]) -> PoseFits:
        """Return the poses refined over some of the tags: uses is (H, M); residuals are in standard deviations."""
        return fit_poses(
            self.points.reshape(-1, 3),
            rays=self.rays.reshape(-1, 2),
            metrics=self.metrics * uses[:, :, None, None],
            rotations=poses[:, :3, :3],
            translations=poses[:, :3, 3],
        )


def _starts(members: _Members, seen: _Seen, previous: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return poses of the bundle to try, (H, 4, 4), the most promising first."""
    poses = []
    for part, tag in members:
        tag_from_bundle = np.linalg.inv(part.bundle_from_tag)
        poses += [solution.camera_from_tag @ tag_from_bundle for solution in tag.pose.solutions] if tag.pose else []
    if previous is not None and len(members) > 1:
        poses.append(previous)
    starts = np.stack(poses)
    if len(members) == 1:
        return starts[:1] if previous is None else _nearer(starts, previous)
    limits = np.maximum(NEAR_START_SIDES * seen.sides, NEAR_START_PX)
    scores = np.minimum(np.square(seen.errors(starts) / limits), 1.0).sum(axis=1)
    return starts[np.argsort(scores, kind="stable")[:MAX_HYPOTHESES]]


def _nearer(starts: NDArray[np.float64], previous: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the one of a tag's two poses, chosen first, that is nearer to the pose before; (1, 4, 4)."""
    angles = [angle_between(start[:3, :3], previous[:3, :3]) for start in starts]
    nearest = int(np.argmin(angles))
    return starts[nearest : nearest + 1] if angles[nearest] < PRIOR_REACH else starts[:1]


def _owners(seen: _Seen, starts: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the tag that fits each start best: it is always used."""
    return np.asarray(np.argmin(seen.errors(starts), axis=1))


def _fitted(
    seen: _Seen, starts: NDArray[np.float64], uses: NDArray[np.bool_], limits: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return fits over some of the tags, and their scores: 0 is best, and a tag beyond its limit counts 1."""
    fits = seen.fit(starts, uses)
    poses = _poses(fits)
    scores = np.minimum(np.square(seen.errors(poses) / limits), 1.0).sum(axis=1)
    scores[~np.isfinite(fits.costs)] = np.inf
    return poses, scores


def _poses(fits: PoseFits) -> NDArray[np.float64]:
    poses = np.tile(np.eye(4), (len(fits.costs), 1, 1))
    poses[:, :3, :3], poses[:, :3, 3] = fits.rotations, fits.translations
    return poses


def _best(scores: NDArray[np.float64], poses: NDArray[np.float64], previous: NDArray[np.float64] | None) -> int:
    """Return the pose of the lowest score; of those as good but for half a tag, the nearest to the one before."""
    best = int(np.argmin(scores))
    if previous is None:
        return best
    alike = np.flatnonzero(scores < scores[best] + 0.5)
    angles = [angle_between(poses[index, :3, :3], previous[:3, :3]) for index in alike]
    nearest = int(np.argmin(angles))
    is_other = angle_between(poses[best, :3, :3], poses[alike[nearest], :3, :3]) > math.radians(5)
    return int(alike[nearest]) if is_other and angles[nearest] < PRIOR_REACH else best


def _located(
    layout: BundleLayout, members: _Members, seen: _Seen, fit: PoseFits, agree: NDArray[np.bool_]
) -> LocatedBundle | None:
    if not math.isfinite(fit.costs[0]):
        return None
    pose = _poses(fit)[0]
    count = int(agree.sum())
    # Where the layout is not exact the corners fit worse than sigma says, and the pose is as much less sure.
    inflation = max(1.0, float(fit.costs[0]) / (8 * count - 6))
    covariance = covariances(fit.normals, sigmas=np.array([math.sqrt(inflation)]))[0]
    errors = seen.errors(pose[None])[0][agree]
    pose.flags.writeable = covariance.flags.writeable = False
    names = [tag.observation.name for _, tag in members]
    tag_pose = members[int(np.argmax(agree))][1].pose
    return LocatedBundle(
        layout=layout,
        camera_from_bundle=pose,
        reprojection_error_px=float(np.sqrt(np.square(errors).mean())),
        covariance=covariance if np.isfinite(covariance).all() else None,
        used=tuple(name for name, is_used in zip(names, agree, strict=True) if is_used),
        rejected=tuple(name for name, is_used in zip(names, agree, strict=True) if not is_used),
        is_ambiguous=count == 1 and tag_pose is not None and tag_pose.is_ambiguous,
    )
