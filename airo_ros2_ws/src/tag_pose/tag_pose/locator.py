"""From detected tags to poses of tags and bundles, image after image of one camera."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from tag_pose.branch import BranchPrior, follow, known
from tag_pose.bundle import BundleLayout
from tag_pose.bundle_pose import LocatedBundle, locate_bundle
from tag_pose.covariance import DEFAULT_BACKEND, CornerNoise
from tag_pose.exceptions import BundleError
from tag_pose.lens import check_distortion_model
from tag_pose.observation import DetectedTag, TagObservation, sigmas_of
from tag_pose.pose import PoseEstimate, check_tag_size, estimate_poses
from tag_pose.tag_name import TagName, sizes_by_name

__all__ = ["PRIOR_LIFETIME_FRAMES", "TagLocator"]

PRIOR_LIFETIME_FRAMES = 30

Prior = TypeVar("Prior")


@dataclass(frozen=True, eq=False)
class _Seen(Generic[Prior]):
    prior: Prior
    frame_number: int  # when it was seen last


class TagLocator:
    """Locates the tags of one camera; what it saw of each tag before tells its two solutions apart.

    How noisy the corners are is learned from how well poses explain them, and scales the covariances.

    Where a tag was before is used only for a tag whose family and id are unique in the image, and for 30 images. Images
    have to come in their order. Not to be shared between threads.

    Args:
        tag_size: m, edge of the black border of every tag without another size; None when unknown.
        tag_sizes: m, by name ("tag36h11:4"), or by id in all families (4); a name goes before an id.
        bundles: rigid bodies with several tags; the sizes in them go before all others.
        backend: the library that detects; it decides how sure corners are.
        are_crossings: the detector fits lines to the edges of tags (refine_edges), and their crossings are the corners;
            where the lens bends the edges this is taken back.

    Raises:
        PoseInputError: a size is not a finite number above 0, or a name is not one.
        BundleError: a tag belongs to two bundles, or two bundles have one name.
    """

    def __init__(
        self,
        *,
        tag_size: float | None = None,
        tag_sizes: Mapping[int | str, float] | None = None,
        bundles: Sequence[BundleLayout] = (),
        backend: str = DEFAULT_BACKEND,
        are_crossings: bool = True,
    ) -> None:
        self._tag_size = tag_size
        self._sizes_by_name, self._sizes_by_id = sizes_by_name(tag_sizes or {})
        _check_bundles(bundles)
        self._bundles = tuple(bundles)
        for bundle in bundles:
            self._sizes_by_name |= {tag.name: tag.size for tag in bundle.tags}
        for size in (*self._sizes_by_name.values(), *self._sizes_by_id.values()):
            check_tag_size(size)
        if tag_size is not None:
            check_tag_size(tag_size)
        self._backend, self._are_crossings = backend, are_crossings
        self._noise = CornerNoise()
        self._frame_number = 0
        self._priors: dict[TagName, _Seen[BranchPrior]] = {}
        self._bundle_priors: dict[str, _Seen[NDArray[np.float64]]] = {}

    @property
    def bundles(self) -> tuple[BundleLayout, ...]:
        """The rigid bodies it knows."""
        return self._bundles

    def locate(self, observations: Iterable[TagObservation], *, intrinsics: Intrinsics | None) -> list[DetectedTag]:
        """Return the tags of the next image of the camera with their poses, in the order given.

        Args:
            observations: all tags of one image.
            intrinsics: of that image; without them there are no poses.

        Raises:
            PoseInputError: the distortion model is unknown.
        """
        observations = list(observations)
        if intrinsics is not None:
            check_distortion_model(intrinsics)
        self._frame_number += 1
        sizes = [self.size_of(observation.name) for observation in observations]
        poses: list[PoseEstimate | None] = [None] * len(observations)
        sized = [index for index, size in enumerate(sizes) if size is not None]
        if intrinsics is not None and sized:
            corners = np.stack([observations[index].corners for index in sized])
            sigmas = sigmas_of([observations[index] for index in sized], backend=self._backend)
            tag_sizes = np.array([sizes[index] for index in sized], dtype=np.float64)
            found = estimate_poses(
                corners,
                tag_sizes=tag_sizes,
                intrinsics=intrinsics,
                sigmas=sigmas,
                noise_scale=self._noise.scale,
                are_crossings=self._are_crossings,
            )
            names = [observations[index].name for index in sized]
            for index, pose in zip(sized, self._followed(names, found), strict=True):
                poses[index] = pose
        return [DetectedTag(*parts) for parts in zip(observations, sizes, poses, strict=True)]

    def locate_bundles(self, tags: Sequence[DetectedTag], *, intrinsics: Intrinsics | None) -> list[LocatedBundle]:
        """Return the bundles of which at least one tag is among the tags of an image.

        Args:
            tags: what locate() returned for that image.
            intrinsics: of that image; without them there are no poses.

        Raises:
            PoseInputError: the distortion model is unknown.
        """
        located: list[LocatedBundle] = []
        if intrinsics is None:
            return located
        for bundle in self._bundles:
            seen = self._bundle_priors.get(bundle.name)
            is_fresh = seen is not None and seen.frame_number >= self._frame_number - PRIOR_LIFETIME_FRAMES
            found = locate_bundle(
                bundle,
                tags,
                intrinsics=intrinsics,
                previous=seen.prior if seen is not None and is_fresh else None,
                backend=self._backend,
                noise_scale=self._noise.scale,
                are_crossings=self._are_crossings,
            )
            if found is not None:
                self._bundle_priors[bundle.name] = _Seen(found.camera_from_bundle, self._frame_number)
                located.append(found)
        return located

    def settle(self, tags: Sequence[DetectedTag], bundles: Iterable[LocatedBundle]) -> list[DetectedTag]:
        """Return the tags of an image, each that is used in a bundle with the solution that agrees with it.

        The pose of several tags together is many times as exact as that of one, and has no second solution.

        Args:
            tags: what locate() returned for that image.
            bundles: what locate_bundles() returned for it.
        """
        expected: dict[TagName, NDArray[np.float64]] = {}
        for bundle in bundles:
            if len(bundle.used) > 1:
                from_bundle = {tag.name: tag.bundle_from_tag[:3, :3] for tag in bundle.layout.tags}
                expected |= {name: bundle.camera_from_bundle[:3, :3] @ from_bundle[name] for name in bundle.used}
        return [self._settled(tag, expected.get(tag.observation.name)) for tag in tags]

    def size_of(self, name: TagName) -> float | None:
        """Return the size of a tag, m; None when unknown."""
        size = self._sizes_by_name.get(name)
        return self._sizes_by_id.get(name[1], self._tag_size) if size is None else size

    def forget(self) -> None:
        """Forget what was seen: the next image has nothing to do with the ones before."""
        self.forget_poses()
        self._noise = CornerNoise()

    def forget_poses(self) -> None:
        """Forget where tags were, but not how noisy the camera is."""
        self._priors.clear()
        self._bundle_priors.clear()

    def _settled(self, tag: DetectedTag, rotation: NDArray[np.float64] | None) -> DetectedTag:
        name = tag.observation.name
        # Of two tags of one name only one is in its place: they are told apart by nothing, and have no prior.
        if rotation is None or tag.pose is None or name not in self._priors:
            return tag
        pose = tag.pose.nearest_to(rotation)
        self._priors[name] = _Seen(known(pose), self._frame_number)
        return replace(tag, pose=pose)

    def _followed(
        self, names: Sequence[TagName], estimates: Sequence[PoseEstimate | None]
    ) -> list[PoseEstimate | None]:
        """Return the estimates with the likelier solution first, and remember what the image tells."""
        appearances, scale = Counter(names), self._noise.scale
        oldest = self._frame_number - PRIOR_LIFETIME_FRAMES
        self._priors = {name: seen for name, seen in self._priors.items() if seen.frame_number >= oldest}
        followed: list[PoseEstimate | None] = []
        for name, estimate in zip(names, estimates, strict=True):
            if appearances[name] > 1:
                self._priors.pop(name, None)
            elif estimate is not None:
                seen = self._priors.get(name)
                estimate, prior = follow(estimate, seen.prior if seen else None)
                self._priors[name] = _Seen(prior, self._frame_number)
            if estimate is not None:
                # To learn from clear ones alone would be to learn from those that noise has spared.
                self._noise.learn(min(solution.misfit for solution in estimate.solutions) * scale**2)
            followed.append(estimate)
        return followed


def _check_bundles(bundles: Sequence[BundleLayout]) -> None:
    owners: dict[TagName, str] = {}
    for bundle in bundles:
        for tag in bundle.tags:
            if tag.name in owners:
                family, number = tag.name
                raise BundleError(
                    f"{family}:{number} belongs to the bundles {owners[tag.name]!r} and {bundle.name!r}: "
                    "expected each tag in one"
                )
            owners[tag.name] = bundle.name
    if len({bundle.name for bundle in bundles}) < len(bundles):
        raise BundleError(f"bundles are named {', '.join(bundle.name for bundle in bundles)}: expected different names")
