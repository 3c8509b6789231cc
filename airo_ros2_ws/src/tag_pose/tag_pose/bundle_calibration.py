"""The layout of a bundle from images of it.

views      what a detector and TagLocator found in each image
start      relative poses of tags seen together, of which each has two solutions per tag: the ones that many images
           agree on; then a tree of them from the origin to every tag
fit        all camera poses and all tag poses at once, so that all corners fit best (bundle_adjustment)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from tag_pose.bundle import BundleLayout, BundleTag
from tag_pose.bundle_adjustment import Sightings, adjust
from tag_pose.bundle_pose import locate_bundle
from tag_pose.corner_rays import corner_rays
from tag_pose.covariance import DEFAULT_BACKEND
from tag_pose.exceptions import BundleCalibrationError
from tag_pose.observation import DetectedTag, TagObservation, sigmas_of
from tag_pose.planar import tag_corners
from tag_pose.pose import PoseSolution
from tag_pose.tag_name import TagName

__all__ = ["BundleCalibration", "calibrate_bundle"]

MIN_VIEWS, MIN_VIEWS_OF_TAG = 3, 2  # images that show two tags or more, and that show each tag
# Relative poses differ by an angle, rad, and by this part of the distance between them in sizes of the tag.
TRANSLATION_WEIGHT = 0.2
LARGEST_DIFFERENCE = 0.5  # more is no agreement at all
OUTLYING_PX = 2.0


@dataclass(frozen=True, eq=False)
class BundleCalibration:
    """A measured layout and how well it explains the images.

    Attributes:
        layout: the bundle; its frame is that of the tag `origin`.
        origin: family and id.
        reprojection_rms_px: over all corners that were used.
        position_sigmas: m, by tag: standard deviation of its position against the origin, the largest of the axes.
        views: of each tag, in how many images it was used.
        images: that were used.
        outlying: tags in images (number of the image, tag) that do not fit, beyond 2 px, and were left out.
    """

    layout: BundleLayout
    origin: TagName
    reprojection_rms_px: float
    position_sigmas: Mapping[TagName, float]
    views: Mapping[TagName, int]
    images: int
    outlying: Sequence[tuple[int, TagName]]


def calibrate_bundle(
    views: Sequence[Sequence[DetectedTag]],
    *,
    intrinsics: Intrinsics,
    name: str = "bundle",
    frame: str = "",
    origin: TagName | None = None,
    backend: str = DEFAULT_BACKEND,
    are_crossings: bool = False,
) -> BundleCalibration:
    """Return where the tags of a rigid body are, from images of it.

    Args:
        views: the tags of each image, located one image at a time; a tag seen twice in an image is left out there.
        intrinsics: of all images.
        name: of the bundle.
        frame: of the bundle; its name when empty.
        origin: the tag whose frame becomes the bundle's; the one of the lowest family and id when None.
        backend: the library that found the corners.
        are_crossings: the corners are crossings of lines fitted to the edges, which a lens bends.

    Raises:
        BundleCalibrationError: images are too few, tags are not connected by images, or the origin is not seen; says
            which and what to do.
    """
    usable = {number: tags for number, view in enumerate(views) if len(tags := _by_name(view)) > 1}
    names = _checked(usable, origin)
    origin = names[0] if origin is None else origin
    start = _start(usable, names, origin)
    layout = BundleLayout(name, tuple(start[tag] for tag in names), frame)
    poses = {}
    for number, tags in usable.items():
        located = locate_bundle(
            layout, list(tags.values()), intrinsics=intrinsics, backend=backend, are_crossings=are_crossings
        )
        if located is not None:
            poses[number] = located.camera_from_bundle
    outlying: list[tuple[int, TagName]] = []
    for _ in range(3):  # each time without what did not fit
        cameras, tags_seen, observations = _sightings(usable, poses, names, set(outlying))
        corners = np.stack([observation.corners for observation in observations])
        rays, pixels_by_ray = corner_rays(corners, intrinsics=intrinsics, are_crossings=are_crossings)
        sigmas = sigmas_of(observations, backend=backend)
        sightings = Sightings(cameras, tags_seen, rays, pixels_by_ray, sigmas)
        fit = adjust(
            sightings,
            points=np.stack([tag_corners(start[tag].size) for tag in names]),
            camera_poses=np.stack([poses[number] for number in poses]),
            tag_poses=np.stack([tag.bundle_from_tag for tag in layout.tags]),
            fixed_tag=names.index(origin),
        )
        poses = dict(zip(poses, fit.camera_poses, strict=True))
        tags_now = [
            BundleTag(tag.family, tag.tag_id, tag.size, pose)
            for tag, pose in zip(layout.tags, fit.tag_poses, strict=True)
        ]
        layout = BundleLayout(name, tuple(tags_now), frame)
        numbers = list(poses)
        bad = [
            (numbers[camera], names[tag])
            for camera, tag, error in zip(sightings.cameras, sightings.tags, fit.errors_px, strict=True)
            if error > OUTLYING_PX
        ]
        if not bad:
            break
        outlying += bad
        _check_views(usable, set(outlying))
    used = Counter(names[tag] for tag in sightings.tags)
    return BundleCalibration(
        layout=layout,
        origin=origin,
        reprojection_rms_px=float(np.sqrt(np.square(fit.errors_px).mean())),
        position_sigmas=dict(zip(names, fit.position_sigmas.tolist(), strict=True)),
        views=used,
        images=len(poses),
        outlying=outlying,
    )


_Views = Mapping[int, Mapping[TagName, DetectedTag]]


def _by_name(view: Iterable[DetectedTag]) -> dict[TagName, DetectedTag]:
    view = list(view)
    counts = Counter(tag.observation.name for tag in view)
    return {tag.observation.name: tag for tag in view if tag.pose is not None and counts[tag.observation.name] == 1}


def _checked(views: _Views, origin: TagName | None) -> list[TagName]:
    """Return the names of all tags in order.

    Raises:
        BundleCalibrationError: see calibrate_bundle().
    """
    if len(views) < MIN_VIEWS:
        raise BundleCalibrationError(
            f"images are too few: {len(views)} show two or more tags with poses, expected at least {MIN_VIEWS} "
            "from different directions"
        )
    names = _check_views(views, set())
    if origin is not None and origin not in names:
        raise BundleCalibrationError(f"the origin {_text(origin)} is not seen: expected one of {_texts(names)}")
    return names


def _check_views(views: _Views, left_out: set[tuple[int, TagName]]) -> list[TagName]:
    kept = {number: [name for name in tags if (number, name) not in left_out] for number, tags in views.items()}
    counts = Counter(name for tags in kept.values() for name in tags)
    names = sorted({name for tags in views.values() for name in tags})
    rare = [name for name in names if counts[name] < MIN_VIEWS_OF_TAG]
    if rare:
        raise BundleCalibrationError(
            f"{_texts(rare)}: seen together with other tags in fewer than {MIN_VIEWS_OF_TAG} images that fit; add "
            "images, or cover what does not belong to the body"
        )
    groups = _groups(names, kept.values())
    if len(groups) > 1:
        parts = " | ".join(_texts(group) for group in groups)
        raise BundleCalibrationError(
            f"tags are not connected: no image shows tags of two of the groups {parts}; add images that do"
        )
    return names


def _groups(names: Sequence[TagName], views: Iterable[Sequence[TagName]]) -> list[list[TagName]]:
    groups = [{name} for name in names]
    for view in views:
        touched = [group for group in groups if group & set(view)]
        groups = [group for group in groups if group not in touched] + [set().union(*touched)]
    return sorted(sorted(group) for group in groups if group)


def _start(views: _Views, names: Sequence[TagName], origin: TagName) -> dict[TagName, BundleTag]:
    """Return first poses of all tags in the frame of the origin, along the surest relative poses."""
    edges = _edges(views)
    poses = {origin: np.eye(4)}
    while len(poses) < len(names):
        inside = {pair: edge for pair, edge in edges.items() if (pair[0] in poses) != (pair[1] in poses)}
        (one, other), (_, one_from_other) = min(inside.items(), key=lambda item: item[1][0])
        if one in poses:
            poses[other] = poses[one] @ one_from_other
        else:
            poses[one] = poses[other] @ np.linalg.inv(one_from_other)
    sizes = {name: tag.tag_size for tags in views.values() for name, tag in tags.items()}
    return {name: BundleTag(*name, float(sizes[name] or 0.0), _rigid(poses[name])) for name in names}


def _edges(views: _Views) -> dict[tuple[TagName, TagName], tuple[float, NDArray[np.float64]]]:
    """Return for each pair of tags seen together how unsure their relative pose is, and that pose."""
    candidates: dict[tuple[TagName, TagName], list[NDArray[np.float64]]] = {}  # per image (4 or fewer, 4, 4)
    sizes: dict[TagName, float] = {}
    for tags in views.values():
        for one, other in combinations(sorted(tags), 2):
            poses = [
                np.linalg.inv(first.camera_from_tag) @ second.camera_from_tag
                for first in _solutions(tags[one])
                for second in _solutions(tags[other])
            ]
            candidates.setdefault((one, other), []).append(np.stack(poses))
            sizes[one] = float(tags[one].tag_size or 1.0)
    return {pair: _agreed(found, size=sizes[pair[0]]) for pair, found in candidates.items()}


def _solutions(tag: DetectedTag) -> Sequence[PoseSolution]:
    return () if tag.pose is None else tag.pose.solutions


def _agreed(candidates: Sequence[NDArray[np.float64]], *, size: float) -> tuple[float, NDArray[np.float64]]:
    """Return the pose that most images agree with, and how far they are from it on average, plus 1 / images."""
    everything = np.concatenate(candidates)
    totals = np.zeros(len(everything))
    for of_image in candidates:
        traces = np.einsum("aij,bij->ab", everything[:, :3, :3], of_image[:, :3, :3])
        angles = np.arccos(np.clip((traces - 1) / 2, -1, 1))
        shifts = np.linalg.norm(everything[:, None, :3, 3] - of_image[None, :, :3, 3], axis=2) / size
        totals += np.minimum((angles + TRANSLATION_WEIGHT * shifts).min(axis=1), LARGEST_DIFFERENCE)
    best = int(np.argmin(totals))
    return float(totals[best]) / len(candidates) + 1 / len(candidates), everything[best]


def _rigid(pose: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the nearest rigid transform: products of many gather rounding errors."""
    left, _, right = np.linalg.svd(pose[:3, :3])
    rigid = np.eye(4)
    rigid[:3, :3], rigid[:3, 3] = left @ right, pose[:3, 3]
    return rigid


def _sightings(
    views: _Views,
    poses: Mapping[int, NDArray[np.float64]],
    names: Sequence[TagName],
    left_out: set[tuple[int, TagName]],
) -> tuple[NDArray[np.int64], NDArray[np.int64], list[TagObservation]]:
    """Return numbers of the images, (S,), numbers of the tags, (S,), and the observations of all that is used."""
    places = {name: index for index, name in enumerate(names)}
    cameras, tags, observations = [], [], []
    for camera, number in enumerate(poses):
        for name, tag in views[number].items():
            if (number, name) not in left_out:
                cameras.append(camera)
                tags.append(places[name])
                observations.append(tag.observation)
    return np.array(cameras), np.array(tags), observations


def _text(name: TagName) -> str:
    return f"{name[0]}:{name[1]}"


def _texts(names: Iterable[TagName]) -> str:
    return ", ".join(map(_text, names))
