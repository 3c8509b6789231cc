"""Corners of tags from the edges of their black borders, to about a hundredth of a pixel.

    profiles    short ones of the image across each edge, at many places along it
    positions   where the gradient of each profile, under a Gaussian window, has its centre
    lines       through the positions of each edge, without those that do not fit: something covers the edge there
    corners     where the lines of neighbouring edges cross; then again around these lines, until they stay

All edges of all tags go through each step together. Where an edge cannot be followed, a tag keeps the corners it had.

Source: AprilTag 3.4 refines edges from profiles as well, by weights that grow with the square of the gradient. Weights
that do not depend on the image leave the centres free of bias, and follow weak edges as they do strong ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from tag_pose.corner_rays import corner_rays
from tag_pose.lens import project

__all__ = ["refined_corners"]

# Places along an edge, as parts of it: not at its ends, where the profile meets the other edge.
PLACES = np.linspace(1 / 17, 16 / 17, 40)
ALONG = PLACES - 0.5
POWERS = np.stack([np.ones_like(ALONG), ALONG, ALONG * ALONG], axis=1)  # of a line's normal equations
# Places across it, in standard deviations of the window, and filters: a profile's contrast under the window, and the
# first and second moments of that about the middle.
ACROSS = np.linspace(-2.5, 2.5, 10)
MIDDLES = (ACROSS[1:] + ACROSS[:-1]) / 2
WINDOW = np.exp(-np.square(MIDDLES) / 2)
MOMENTS = WINDOW * MIDDLES ** np.arange(3)[:, None]
FILTERS = np.stack([np.append(0.0, one) - np.append(one, 0.0) for one in MOMENTS], axis=1).astype(np.float32)
# The window's standard deviation: wide takes in more of a blurred edge, narrow less of the tag's other edges.
WINDOW_CELLS, WINDOW_RANGE_PX = 0.2, (0.4, 1.0)
# Where the bend of an edge is looked at, and the cubic through its values at a third and at two thirds.
BEND_PLACES = np.array([0.0, 1.0, 1 / 3, 2 / 3])
BEND_WEIGHTS = 4.5 * (PLACES * (1 - PLACES) * np.stack([2 - 3 * PLACES, 3 * PLACES - 1])).T
NEXT, OPPOSITE, BEFORE = [1, 2, 3, 0], [2, 3, 0, 1], [3, 0, 1, 2]  # corner, and edge from it, around a tag
CELLS = 8  # of a tag between its border's edges; families have 5 to 8
MAX_SPREAD = 0.8  # of the gradient under the window, in its variances: what is as wide as the window has no centre
MAX_PASSES, STILL_PX = 4, 0.03
MIN_CONTRAST = 4.0  # grey levels under the window, median along an edge
FAINT = 0.25  # of that: a place with less contrast tells nothing
OUTLIER, LEAST_OUTLIER_PX = 4.0, 0.02  # standard deviations of the positions along an edge; px
MIN_SHARE = 0.5  # of the places along an edge
MAX_ERROR_PX = 0.1  # standard error of a line at its end, from the scatter of the positions
MAX_SHIFT_CELLS, SHIFT_RANGE_PX = 0.5, (0.5, 2.0)  # of a corner, from where the detector saw it


def refined_corners(
    gray: NDArray[np.uint8],
    corners: NDArray[np.float64],
    *,
    intrinsics: Intrinsics | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the corners of tags as crossings of lines fitted to their edges.

    Args:
        gray: (H, W) uint8.
        corners: (N, 4, 2) float64, px, as a detector finds them, in order around each tag, at most about a pixel off.
        intrinsics: of the image, with a known distortion model: where the lens bends them, edges are followed along the
            bend. Without them they are taken for straight.

    Returns:
        corners: (N, 4, 2) float64, px: new ones, or those given.
        is_refined: (N,) bool: which are new.
    """
    is_refined = np.zeros(len(corners), dtype=np.bool_)
    if not len(corners) or min(gray.shape) < 2:
        return corners, is_refined
    pixels = np.ascontiguousarray(gray)
    with np.errstate(all="ignore"):  # what goes wrong is not finite, and not accepted
        sags, offsets = _bends(corners, intrinsics)
        start = current = corners - offsets
        for _ in range(MAX_PASSES):
            before = current
            current, is_refined = _pass(pixels, before, sags)
            shifts = np.abs(current - before).max(axis=(1, 2))
            if not (shifts[is_refined] > STILL_PX).any():
                break
        limits = np.clip(MAX_SHIFT_CELLS * _cell_sizes(start, _normals(start)).min(axis=1), *SHIFT_RANGE_PX)
        is_refined &= np.linalg.norm(current - start, axis=2).max(axis=1) < limits
    return np.where(is_refined[:, None, None], current + offsets, corners), is_refined


@dataclass(frozen=True, eq=False)
class _Positions:
    """Where edges are at P places along each, (N, 4, P)."""

    shifts: NDArray[np.float64]  # px, along the normal
    weights: NDArray[np.float64]  # 0 where nothing is seen
    is_followed: NDArray[np.bool_]  # (N, 4), enough is seen, and all edges of a tag are dark on the same side


def _pass(
    pixels: NDArray[np.uint8], corners: NDArray[np.float64], sags: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return corners from the image around the edges between some corners, and which tags could be followed."""
    normals = _normals(corners)
    windows = np.clip(WINDOW_CELLS * _cell_sizes(corners, normals), *WINDOW_RANGE_PX)
    ways = corners[:, NEXT] - corners
    places = corners[:, :, None] + PLACES[:, None] * ways[:, :, None] + sags
    seen = _positions(pixels, places, normals, windows)
    ends, is_followed = _lines(seen)
    moved = corners[:, :, None] + np.stack([np.zeros_like(ways), ways], axis=2) + normals[:, :, None] * ends[..., None]
    found = _crossings(moved)
    return found, np.asarray(is_followed.all(axis=1) & np.isfinite(found).all(axis=(1, 2)))


def _bends(
    corners: NDArray[np.float64], intrinsics: Intrinsics | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far edges lie beside straight ones at each place, px, and crossings of lines beside corners."""
    if intrinsics is None or not intrinsics.distortion.any():
        return np.zeros((1, 1, len(PLACES), 2)), np.zeros((1, 4, 2))
    rays, _ = corner_rays(corners, intrinsics=intrinsics, are_crossings=True)
    ways = rays[:, NEXT] - rays
    parts = BEND_PLACES[:, None]
    along = rays[:, :, None] + parts * ways[:, :, None]
    bent = project(along.reshape(-1, 2), intrinsics=intrinsics).reshape(along.shape)
    straight = bent[:, :, :1] + parts * (bent[:, :, 1:2] - bent[:, :, :1])
    return BEND_WEIGHTS @ (bent - straight)[:, :, 2:], corners - bent[:, :, 0]


def _normals(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return unit vectors out of the tag across the edge from each corner to the next, (N, 4, 2)."""
    ways = corners[:, NEXT] - corners
    normals = np.stack([-ways[..., 1], ways[..., 0]], axis=-1)
    return np.asarray(normals / np.linalg.norm(ways, axis=2, keepdims=True))


def _cell_sizes(corners: NDArray[np.float64], normals: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the size of a cell across each edge, px, (N, 4)."""
    opposite = (corners[:, OPPOSITE] + corners[:, BEFORE]) / 2
    return np.asarray(np.abs(((opposite - corners) * normals).sum(axis=2)) / CELLS)


def _positions(
    pixels: NDArray[np.uint8],
    places: NDArray[np.float64],
    normals: NDArray[np.float64],
    windows: NDArray[np.float64],
) -> _Positions:
    # Coordinates first: arrays (2, N, 4, P, 10) of which all that follows reads whole rows.
    steps = (normals * windows[..., None])[..., None] * ACROSS
    points = places.transpose(3, 0, 1, 2)[..., None].astype(np.float32)
    points = points + steps.transpose(2, 0, 1, 3)[:, :, :, None].astype(np.float32)
    height, width = pixels.shape
    limits = np.array([width - 1, height - 1], dtype=np.float32).reshape(2, 1, 1, 1, 1)
    ends = points[..., [0, -1]]
    is_inside = ((ends >= 0) & (ends < limits)).all(axis=(0, 4))
    filtered = _interpolated(pixels, *points) @ FILTERS
    contrasts, moments = np.where(is_inside, filtered[..., 0], np.float32(0)), filtered[..., 1]
    usual = np.sort(contrasts, axis=2)[..., len(PLACES) // 2, None]
    usual[~(np.abs(usual) >= MIN_CONTRAST)] = np.nan
    relative = contrasts / usual
    is_seen = relative > FAINT
    # A window shows less of a shift than there is, the less the wider the edge is: of two Gaussians, by the part of the
    # window's variance that their product lacks.
    spreads = (filtered[..., 2] * is_seen).sum(axis=2) / (contrasts * is_seen).sum(axis=2)
    gains = windows / (1 - np.clip(spreads, 0, MAX_SPREAD))
    shifts = np.where(is_seen, moments / np.where(is_seen, contrasts, 1), 0) * gains[..., None]
    is_dark_inside = usual[..., 0] > 0
    is_followed = np.isfinite(usual[..., 0]) & (is_dark_inside == is_dark_inside[:, :1])
    return _Positions(shifts, np.where(is_seen, np.square(relative), 0), is_followed)


def _interpolated(pixels: NDArray[np.uint8], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the image between pixels, bilinear. cv2.remap rounds to 1/32 px, which edges along rows would show."""
    left, top = np.floor(x), np.floor(y)
    x, y = x - left, y - top
    flat, width = pixels.reshape(-1), pixels.shape[1]
    with np.errstate(invalid="ignore"):
        first = top.astype(np.int64) * width + left.astype(np.int64)
    one, two, three, four = (
        flat.take(first + step, mode="clip").astype(np.float32) for step in (0, 1, width, width + 1)
    )
    upper, lower = one + x * (two - one), three + x * (four - three)
    return np.asarray(upper + y * (lower - upper))


def _lines(seen: _Positions) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the shifts of each edge at both its ends, (N, 4, 2), and which edges are well founded, (N, 4)."""
    middle, slope = _fitted(seen.shifts, seen.weights)
    is_seen = seen.weights > 0
    medians = is_seen.sum(axis=2, keepdims=True) // 2  # where the median of those that are seen is, sorted
    for _ in range(2):
        residuals = np.abs(seen.shifts - middle[..., None] - slope[..., None] * ALONG)
        residuals[~is_seen] = np.inf
        scatter = 1.48 * np.take_along_axis(np.sort(residuals, axis=2), medians, axis=2)
        weights = np.where(residuals < np.maximum(OUTLIER * scatter, LEAST_OUTLIER_PX), seen.weights, 0)
        middle, slope = _fitted(seen.shifts, weights)
    counts = (weights > 0).sum(axis=2)
    errors = 2 * scatter[..., 0] / np.sqrt(counts)  # of a line's end: twice that of its middle
    is_founded = seen.is_followed & (counts >= MIN_SHARE * len(PLACES)) & (errors < MAX_ERROR_PX)
    return np.stack([middle - slope / 2, middle + slope / 2], axis=-1), is_founded


def _fitted(
    shifts: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return shift in the middle and slope of weighted lines through the shifts, (N, 4) each."""
    sums = weights @ POWERS
    ones, firsts, seconds = sums[..., 0], sums[..., 1], sums[..., 2]
    products = (weights * shifts) @ POWERS[:, :2]
    values, products = products[..., 0], products[..., 1]
    determinants = ones * seconds - firsts * firsts
    middle = (seconds * values - firsts * products) / determinants
    return middle, (ones * products - firsts * values) / determinants


def _crossings(edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where each line crosses the one before, (N, 4, 2), of lines through two points each, (N, 4, 2, 2)."""
    ways = edges[:, :, 1] - edges[:, :, 0]
    normals = np.stack([-ways[..., 1], ways[..., 0]], axis=-1)
    distances = (normals * edges[:, :, 0]).sum(axis=-1)
    before, distances_before = normals[:, BEFORE], distances[:, BEFORE]
    determinants = before[..., 0] * normals[..., 1] - before[..., 1] * normals[..., 0]
    across = distances_before * normals[..., 1] - distances * before[..., 1]
    down = before[..., 0] * distances - normals[..., 0] * distances_before
    return np.asarray(np.stack([across, down], axis=-1) / determinants[..., None])
