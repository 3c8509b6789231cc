"""All poses of cameras and tags at once, so that all corners fit best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tag_pose.pose_fit import rotations_by

__all__ = ["Adjustment", "Sightings", "adjust"]

MAX_ITERATIONS = 60
ENOUGH = 1e-7  # of the cost: a step that lowers it by less is the last
OUTLYING = 3.0  # in standard deviations: a tag beyond this counts less, by Huber's rule
FIRST_DAMPING, MORE_DAMPING, LESS_DAMPING, MAX_DAMPING = 1e-6, 10.0, 0.2, 1e6


@dataclass(frozen=True, eq=False)
class Sightings:
    """S tags seen in images.

    Attributes:
        cameras: (S,) int, number of the image.
        tags: (S,) int, number of the tag.
        rays: (S, 4, 2) float64, x and y at z = 1 of each corner.
        pixels_by_ray: (S, 4, 2, 2) float64, px.
        sigmas: (S,) float64, px, standard deviation of the corners' coordinates.
    """

    cameras: NDArray[np.int64]
    tags: NDArray[np.int64]
    rays: NDArray[np.float64]
    pixels_by_ray: NDArray[np.float64]
    sigmas: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Adjustment:
    """The poses that fit best.

    Attributes:
        camera_poses: (C, 4, 4) float64, camera from bundle.
        tag_poses: (T, 4, 4) float64, bundle from tag.
        errors_px: (S,) float64, root mean square distance over the corners of each sighting.
        position_sigmas: (T,) float64, m: largest standard deviation of each tag's position, from how well all fits.
    """

    camera_poses: NDArray[np.float64]
    tag_poses: NDArray[np.float64]
    errors_px: NDArray[np.float64]
    position_sigmas: NDArray[np.float64]


def adjust(
    sightings: Sightings,
    *,
    points: NDArray[np.float64],
    camera_poses: NDArray[np.float64],
    tag_poses: NDArray[np.float64],
    fixed_tag: int,
) -> Adjustment:
    """Refine the poses of all cameras and of all tags but one.

    Args:
        sightings: at least as many as the poses need; each camera and each tag has one.
        points: (T, 4, 3) float64, m, the corners in each tag's frame.
        camera_poses: (C, 4, 4) float64, camera from bundle, where to start.
        tag_poses: (T, 4, 4) float64, bundle from tag, where to start.
        fixed_tag: number of the tag that stays where it is.

    Source: Levenberg-Marquardt with Huber weights; B. Triggs et al., Bundle Adjustment: A Modern Synthesis, 2000.
    """
    state = (camera_poses.copy(), tag_poses.copy())
    system = _system(sightings, points, *state)
    damping = FIRST_DAMPING
    free = _free(len(camera_poses), len(tag_poses), fixed_tag)
    for _ in range(MAX_ITERATIONS):
        normal = system.normal[np.ix_(free, free)]
        scales = np.sqrt(np.maximum(np.diagonal(normal), 1e-300))
        damped = normal / np.outer(scales, scales) + damping * np.eye(len(free))
        step = np.zeros(len(system.slope))
        step[free] = np.linalg.solve(damped, system.slope[free] / scales) / scales
        moved = _moved(state, step)
        candidate = _system(sightings, points, *moved)
        if candidate.cost < system.cost:
            is_last = system.cost - candidate.cost < ENOUGH * system.cost
            state, system, damping = moved, candidate, damping * LESS_DAMPING
            if is_last:
                break
        else:
            damping *= MORE_DAMPING
            if damping > MAX_DAMPING:
                break
    return Adjustment(*state, system.errors_px, _position_sigmas(system, free, len(camera_poses), len(tag_poses)))


@dataclass(frozen=True, eq=False)
class _System:
    cost: float  # of Huber
    normal: NDArray[np.float64]  # (6 (C + T), 6 (C + T)), J^T W J
    slope: NDArray[np.float64]  # (6 (C + T),), J^T W r
    errors_px: NDArray[np.float64]  # (S,)
    squares: float  # weighted sum of the squared residuals, sigma^2
    count: int  # of residuals


def _system(
    seen: Sightings, points: NDArray[np.float64], camera_poses: NDArray[np.float64], tag_poses: NDArray[np.float64]
) -> _System:
    cameras, tags = camera_poses[seen.cameras], tag_poses[seen.tags]
    in_tag_axes = points[seen.tags] @ tags[:, :3, :3].transpose(0, 2, 1)  # (S, 4, 3), from the tag, bundle axes
    in_bundle_axes = in_tag_axes + tags[:, None, :3, 3]
    arms = in_bundle_axes @ cameras[:, :3, :3].transpose(0, 2, 1)
    in_camera = arms + cameras[:, None, :3, 3]
    with np.errstate(all="ignore"):
        inverse_depths = 1 / in_camera[..., 2:]
        expected = in_camera[..., :2] * inverse_depths
        metrics = seen.pixels_by_ray / seen.sigmas[:, None, None, None]
        residuals = (metrics @ (seen.rays - expected)[..., None])[..., 0]
    if not (np.isfinite(residuals).all() and (in_camera[..., 2] > 0).all()):
        size = 6 * (len(camera_poses) + len(tag_poses))
        return _System(np.inf, np.eye(size), np.zeros(size), np.full(len(seen.tags), np.inf), np.inf, 0)
    by_point = np.empty((*residuals.shape, 3))
    by_point[..., :2] = metrics * inverse_depths[..., None]
    by_point[..., 2:] = -(by_point[..., :2] @ expected[..., None])
    by_camera = np.concatenate([by_point, np.cross(arms[:, :, None], by_point)], axis=-1).reshape(-1, 8, 6)
    in_bundle = by_point @ cameras[:, None, :3, :3]  # by the point, bundle axes
    by_tag = np.concatenate([in_bundle, np.cross(in_tag_axes[:, :, None], in_bundle)], axis=-1).reshape(-1, 8, 6)
    flat = residuals.reshape(-1, 8)
    norms = np.sqrt(np.square(flat).mean(axis=1))
    weights = np.minimum(1.0, OUTLYING / np.maximum(norms, 1e-12))
    costs = np.where(norms <= OUTLYING, norms**2, 2 * OUTLYING * norms - OUTLYING**2)
    normal, slope = _assembled(seen, by_camera, by_tag, flat, weights, len(camera_poses), len(tag_poses))
    squares = float((weights * np.square(flat).sum(axis=1)).sum())
    errors = norms * np.sqrt(2) * seen.sigmas  # a distance has two coordinates
    return _System(float(costs.sum()), normal, slope, errors, squares, flat.size)


def _assembled(
    seen: Sightings,
    by_camera: NDArray[np.float64],
    by_tag: NDArray[np.float64],
    residuals: NDArray[np.float64],
    weights: NDArray[np.float64],
    camera_count: int,
    tag_count: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    count = camera_count + tag_count
    blocks, slopes = np.zeros((count, count, 6, 6)), np.zeros((count, 6))
    rows = np.concatenate([by_camera, by_tag], axis=2)
    weighted = rows * weights[:, None, None]
    products = weighted.transpose(0, 2, 1) @ rows
    gradients = (weighted.transpose(0, 2, 1) @ residuals[..., None])[..., 0]
    places = (seen.cameras, seen.tags + camera_count)
    for row, row_place in enumerate(places):
        np.add.at(slopes, row_place, gradients[:, 6 * row : 6 * row + 6])
        for column, column_place in enumerate(places):
            part = products[:, 6 * row : 6 * row + 6, 6 * column : 6 * column + 6]
            np.add.at(blocks, (row_place, column_place), part)
    return blocks.transpose(0, 2, 1, 3).reshape(6 * count, 6 * count), slopes.reshape(-1)


def _moved(
    state: tuple[NDArray[np.float64], NDArray[np.float64]], step: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return poses moved by a step: translations are added, rotations are about the axes of the target frame."""
    steps = step.reshape(-1, 6)
    moved = np.concatenate(state)
    moved[:, :3, 3] += steps[:, :3]
    moved[:, :3, :3] = rotations_by(steps[:, 3:]) @ moved[:, :3, :3]
    return moved[: len(state[0])], moved[len(state[0]) :]


def _free(camera_count: int, tag_count: int, fixed_tag: int) -> NDArray[np.int64]:
    fixed = 6 * (camera_count + fixed_tag) + np.arange(6)
    return np.setdiff1d(np.arange(6 * (camera_count + tag_count)), fixed)


def _position_sigmas(
    system: _System, free: NDArray[np.int64], camera_count: int, tag_count: int
) -> NDArray[np.float64]:
    normal = system.normal[np.ix_(free, free)]
    scales = np.sqrt(np.maximum(np.diagonal(normal), 1e-300))
    variances = np.zeros(len(system.slope))
    variances[free] = np.diagonal(np.linalg.pinv(normal / np.outer(scales, scales), hermitian=True)) / scales**2
    surplus = max(system.count - len(free), 1)
    of_tags = variances.reshape(-1, 6)[camera_count : camera_count + tag_count, :3].max(axis=1)
    return np.asarray(np.sqrt(np.maximum(of_tags, 0.0) * max(1.0, system.squares / surplus)))
