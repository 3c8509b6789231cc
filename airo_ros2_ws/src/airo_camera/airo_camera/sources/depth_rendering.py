"""The exact depth of what the simulated camera sees: papers with tags in front of a wall."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from airo_camera.sources.scene import tag_corners
from airo_camera.sources.simulated_options import SimulatedOptions
from airo_camera.sources.source import TagTruth
from airo_camera.sources.tag_family import QUIET_CELLS, TAG_FAMILIES
from airo_frames.intrinsics import Intrinsics
from airo_frames.rays import rays_through

__all__ = ["DepthRenderer"]

# Closer than this to the edge of a paper, px, a pixel sees two surfaces, and its depth is not to be relied on.
_EDGE = 1.0
_MARGIN = 2


class DepthRenderer:
    """Computes depth and confidence: each pixel's ray is cut with the planes of the papers and of the wall.

    Args:
        options: of the simulated camera.
        intrinsics: of the simulated camera.
        wall: m, depth of the wall, which faces the camera.
    """

    def __init__(self, options: SimulatedOptions, *, intrinsics: Intrinsics, wall: float) -> None:
        self._options = options
        self._intrinsics = intrinsics
        self._wall = wall
        cells = TAG_FAMILIES[options.family].cells
        self._paper_per_tag = (cells + 2 * QUIET_CELLS) / cells
        width, height = options.size_wh
        # Both hold what was computed last; outside of the places drawn then they show the wall.
        self._depth = np.full((height, width), self._within_range(np.float64(wall)), np.float32)
        self._confidence = np.ones((height, width), np.float32)
        self._drawn: list[tuple[slice, slice]] = []
        self._drawn_tags: tuple[TagTruth, ...] = ()

    def depth(self, tags: tuple[TagTruth, ...], *, out: NDArray[np.float32]) -> None:
        """Write the depth of each pixel's centre, m along the optical axis; NaN beyond the option `range`.

        Args:
            tags: what is seen.
            out: (height, width) float32.
        """
        self._draw(tags)
        np.copyto(out, self._depth)

    def confidence(self, tags: tuple[TagTruth, ...], *, out: NDArray[np.float32]) -> None:
        """Write 0 for pixels within about 1 px of the edge of a paper, which see two surfaces, and 1 for all others.

        Args:
            tags: what is seen.
            out: (height, width) float32.
        """
        self._draw(tags)
        np.copyto(out, self._confidence)

    def _draw(self, tags: tuple[TagTruth, ...]) -> None:
        if tags is self._drawn_tags:
            return
        for place in self._drawn:
            self._depth[place] = self._within_range(np.float64(self._wall))
            self._confidence[place] = 1.0
        self._drawn = [place for place in map(self._draw_tag, tags) if place is not None]
        self._drawn_tags = tags

    def _draw_tag(self, tag: TagTruth) -> tuple[slice, slice] | None:
        """Draw the paper of a tag and return where; papers do not overlap in this view."""
        half = tag.size * self._paper_per_tag / 2
        corners = tag_corners(tag.camera_from_tag, edge=2 * half, intrinsics=self._intrinsics)
        left, top = (max(0, math.floor(value) - _MARGIN) for value in corners.min(axis=0))
        right, bottom = (math.ceil(value) + _MARGIN + 1 for value in corners.max(axis=0))
        place = (slice(top, min(bottom, self._options.height)), slice(left, min(right, self._options.width)))
        if place[0].stop <= top or place[1].stop <= left:
            return None
        depth, outside = self._cut(tag, place, half=half)
        self._depth[place] = np.where(outside <= 0, self._within_range(depth), self._depth[place])
        pixels_per_metre = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1).mean() / (2 * half)
        self._confidence[place][np.abs(outside) * pixels_per_metre < _EDGE] = 0.0
        return place

    def _cut(
        self, tag: TagTruth, place: tuple[slice, slice], *, half: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the depth of a paper's plane at each pixel, m, and how far outside of the paper that is, m."""
        across, down = np.arange(place[1].start, place[1].stop), np.arange(place[0].start, place[0].stop)
        pixels = np.stack(np.meshgrid(across, down), axis=-1).astype(np.float64)
        rays = rays_through(pixels, intrinsics=self._intrinsics)
        # A point of the plane is rotation[:, :2] @ (x, y) + position = depth * (ray, 1).
        plane_from_camera = np.linalg.inv(tag.camera_from_tag[:3, [0, 1, 3]])
        hits = rays @ plane_from_camera[:, :2].T + plane_from_camera[:, 2]
        depth = 1.0 / hits[..., 2]
        outside = np.abs(hits[..., :2] * depth[..., None]).max(axis=-1) - half
        return depth, outside

    def _within_range(self, depth: NDArray[np.float64] | np.float64) -> NDArray[np.float64]:
        limit = self._options.range
        return np.asarray(depth if limit is None else np.where(depth <= limit, depth, np.nan))
