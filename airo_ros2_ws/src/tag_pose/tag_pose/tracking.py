"""Where to look for tags in the next image: around those that are known, at what has changed, or everywhere."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tag_pose.changes import ImageChanges
from tag_pose.observation import TagObservation
from tag_pose.region import Region, merged

__all__ = ["SearchPlan", "TagTracks"]

MARGIN_SIDES = 0.5  # around a tag, in its own sides: further than a tag moves between two frames as a rule
MARGIN_PX = 12.0
MARGIN_STEPS = 0.5  # of the way it is expected to go
MAX_MISSES = 5  # images in which a tag was not found where it was: later it is as good as new
MAX_SHARE = 0.6  # of the image: to search more than that in parts is slower than the whole


@dataclass(frozen=True, eq=False)
class _Track:
    """One tag on its way through the images."""

    observation: TagObservation
    velocity: NDArray[np.float64]  # (2,) px per frame
    sequence: int  # of the frame in which it was seen last
    misses: int  # images since then in which it was not

    def region(self, sequence: int, size_wh: tuple[int, int]) -> Region:
        way = self.velocity * max(0, sequence - self.sequence)
        corners = self.observation.corners + way
        low, high = corners.min(axis=0), corners.max(axis=0)
        margin = (MARGIN_SIDES * float((high - low).max()) + MARGIN_PX) * (1 + self.misses)
        margin += MARGIN_STEPS * float(np.abs(way).max())
        return Region.around((*(low - margin), *(high + margin)), size_wh=size_wh)


@dataclass(frozen=True, eq=False)
class SearchPlan:
    """Where to look in one image.

    Attributes:
        regions: parts of the image, None for the whole.
    """

    regions: list[Region] | None
    sequence: int
    cells: NDArray[np.float32]
    expected: tuple[tuple[TagObservation, Region], ...]  # what was in the image before, and where it should be now

    def covers(self, point: NDArray[np.float64]) -> bool:
        """Return whether a (2,) point, px, is looked at."""
        return self.regions is None or any(region.contains(point) for region in self.regions)

    def is_lacking(self, found: Sequence[TagObservation]) -> bool:
        """Return whether a tag that was in the image before was not found: then the whole image has to be searched."""
        free = list(found)
        for expected, region in self.expected:
            match = _nearest(expected, free, region)
            if match is None:
                return True
            free.remove(match)
        return False


class TagTracks:
    """Keeps track of tags from image to image. May be shared between threads.

    Args:
        period: the whole image is searched every so many frames, and whenever a tag is lost.
    """

    def __init__(self, *, period: int) -> None:
        self._period = period
        self._lock = threading.Lock()
        self._changes = ImageChanges()
        self._tracks: list[_Track] = []
        self._whole_sequence: int | None = None  # of the frame for which that was planned last
        self._is_known = False  # what a whole image holds: with several workers that comes after the next plan
        self._size_wh = (0, 0)  # of the images

    def plan(self, gray: NDArray[np.uint8], *, sequence: int) -> SearchPlan:
        """Return where to look in an image, from what was found in those before.

        Args:
            gray: (H, W) uint8.
            sequence: number of the frame; a smaller one than before begins anew.
        """
        size_wh = gray.shape[1], gray.shape[0]
        cells = ImageChanges.cells_of(gray)
        with self._lock:
            if size_wh != self._size_wh:
                self._size_wh = size_wh
                self._begin_anew()
            last = self._whole_sequence
            if not self._is_known or last is None or not 0 <= sequence - last < self._period:
                self._whole_sequence = sequence
                return SearchPlan(None, sequence, cells, ())
            around = [(track, track.region(sequence, size_wh)) for track in self._tracks]
            known = [region for _, region in around]
            regions = merged([*known, *self._changes.regions(cells, known=known, size_wh=size_wh)])
            if sum(region.area for region in regions) > MAX_SHARE * gray.size:
                self._whole_sequence = sequence
                return SearchPlan(None, sequence, cells, ())
            expected = tuple((track.observation, region) for track, region in around if not track.misses)
            return SearchPlan(regions, sequence, cells, expected)

    def update(self, plan: SearchPlan, found: Sequence[TagObservation], *, was_whole: bool) -> None:
        """Remember what was found; call it in the order of the frames.

        Args:
            plan: of that image.
            found: all tags in it.
            was_whole: the whole image was searched in the end.
        """
        with self._lock:
            if was_whole:
                self._whole_sequence, self._is_known = max(plan.sequence, self._whole_sequence or 0), True
            self._changes.searched(plan.cells, regions=None if was_whole else plan.regions)
            free = list(found)
            tracks = []
            for track in self._tracks:
                match = _nearest(track.observation, free)
                if match is not None:
                    free.remove(match)
                    tracks.append(_continued(track, match, plan.sequence))
                elif was_whole or plan.covers(track.observation.center):
                    tracks.append(replace(track, misses=track.misses + 1))
                else:  # found meanwhile by another worker: nobody has looked for it in this image
                    tracks.append(track)
            tracks += [_Track(observation, np.zeros(2), plan.sequence, 0) for observation in free]
            self._tracks = [track for track in tracks if track.misses <= MAX_MISSES]

    def forget(self) -> None:
        """Begin anew with the next image."""
        with self._lock:
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._tracks, self._whole_sequence, self._changes, self._is_known = [], None, ImageChanges(), False


def _continued(track: _Track, match: TagObservation, sequence: int) -> _Track:
    frames = sequence - track.sequence
    way = match.center - track.observation.center
    velocity = way / frames if frames > 0 else np.zeros(2)
    return _Track(match, velocity, sequence, 0)


def _nearest(
    expected: TagObservation, found: Sequence[TagObservation], region: Region | None = None
) -> TagObservation | None:
    same = [
        one
        for one in found
        if (one.family, one.tag_id) == (expected.family, expected.tag_id)
        and (region is None or region.contains(one.center))
    ]
    return min(same, key=lambda one: float(np.linalg.norm(one.center - expected.center)), default=None)
