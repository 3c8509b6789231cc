"""Rectangles of an image that are searched on their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from tag_pose.observation import TagObservation

__all__ = ["Region", "merged", "moved"]

# The library thresholds an image in tiles of 4x4 px: a region whose tiles are those of the whole image gives the same
# edges as the whole image.
TILE_PX = 4
MERGE_GAIN = 1.3  # two regions become one that is at most so many times larger than both: each search has a fixed cost


@dataclass(frozen=True)
class Region:
    """A rectangle in px; right and bottom are the first column and row outside."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, box: tuple[float, float, float, float], *, size_wh: tuple[int, int]) -> Region:
        """Return the region of whole tiles that covers (left, top, right, bottom), px, cut to the image."""
        width, height = size_wh
        low = [int(np.floor(edge / TILE_PX)) * TILE_PX for edge in box[:2]]
        high = [int(np.ceil(edge / TILE_PX)) * TILE_PX for edge in box[2:]]
        left, top = (min(max(edge, 0), limit) for edge, limit in zip(low, size_wh, strict=True))
        return cls(left, top, max(left, min(high[0], width)), max(top, min(high[1], height)))

    @property
    def area(self) -> int:
        """Px."""
        return (self.right - self.left) * (self.bottom - self.top)

    def contains(self, point: NDArray[np.float64]) -> bool:
        """Return whether a (2,) point, px, lies inside."""
        return bool(self.left <= point[0] < self.right and self.top <= point[1] < self.bottom)

    def of(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a view of this part of an (H, W) image."""
        return image[self.top : self.bottom, self.left : self.right]

    def intrinsics_of(self, intrinsics: Intrinsics) -> Intrinsics:
        """Return the intrinsics of this part of an image."""
        matrix = intrinsics.camera_matrix.copy()
        matrix[:2, 2] -= self.left, self.top
        return Intrinsics(matrix, intrinsics.distortion, intrinsics.distortion_model)

    def united(self, other: Region) -> Region:
        """Return the smallest region that covers both."""
        return Region(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


def merged(regions: Iterable[Region]) -> list[Region]:
    """Return regions that cover the same, with those joined that are cheaper to search together."""
    kept: list[Region] = []
    waiting = [region for region in regions if region.area]
    while waiting:
        region = waiting.pop()
        for other in kept:
            union = region.united(other)
            if union.area <= MERGE_GAIN * (region.area + other.area):
                kept.remove(other)
                waiting.append(union)
                break
        else:
            kept.append(region)
    return kept


def moved(observation: TagObservation, region: Region) -> TagObservation:
    """Return an observation made in a region in the coordinates of the whole image."""
    offset = np.array([region.left, region.top], dtype=np.float64)
    return replace(observation, center=observation.center + offset, corners=observation.corners + offset)
