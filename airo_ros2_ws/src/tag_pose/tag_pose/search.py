"""One searcher for tags: its detectors, and whether it looks at the whole image or at parts of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from tag_pose.detector import Examination, TagDetector, without_duplicates
from tag_pose.detector_settings import DetectorSettings
from tag_pose.exceptions import DetectorFailedError
from tag_pose.observation import TagObservation
from tag_pose.region import Region, moved
from tag_pose.tracking import SearchPlan, TagTracks

__all__ = ["SearchResult", "TagSearch"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class SearchResult:
    """What was found in one image.

    Attributes:
        tags: sorted by family, id and position.
        rejected: candidates that did not pass the settings.
        retries: how often the library failed and was asked again.
        failures: how often it failed again; that part of the image counts as empty.
        plan: where it was looked for; None without tracking.
        was_whole: the whole image was searched.
    """

    tags: list[TagObservation]
    rejected: int
    retries: int
    failures: int
    plan: SearchPlan | None
    was_whole: bool


class TagSearch:
    """Finds the tags of one image after the other; for one thread. With tracks it looks only where tags can be.

    Args:
        settings: of the detector. Near known tags it looks at full resolution, whatever `decimate` is.
        tracks: shared by all searchers of one camera; None to search each image as a whole.

    Raises:
        DetectorSettingError: the detector cannot be made.
    """

    def __init__(self, settings: DetectorSettings, *, tracks: TagTracks | None = None) -> None:
        self.tracks = tracks
        self._detector = TagDetector(settings)
        is_same = tracks is None or settings.decimate == 1
        self._near = self._detector if is_same else TagDetector(replace(settings, decimate=1.0))

    def find(self, gray: NDArray[np.uint8], *, sequence: int, intrinsics: Intrinsics | None = None) -> SearchResult:
        """Return the tags in an image. TagTracks.update() has to follow, in the order of the frames.

        Args:
            gray: (H, W) uint8.
            sequence: number of the frame.
            intrinsics: of the image, for its corners where the lens bends the edges of tags.

        Raises:
            DetectorImageError: the array is not (H, W) uint8.
        """
        if self.tracks is None:
            return _Counting(intrinsics).result(self._detector, gray)
        plan = self.tracks.plan(gray, sequence=sequence)
        counting = _Counting(intrinsics)
        if plan.regions is None:
            return counting.result(self._detector, gray, plan=plan)
        parts = [(region, counting.examine(self._near, gray, region)) for region in plan.regions]
        found = without_duplicates(moved(tag, region) for region, part in parts for tag in part.tags)
        if plan.is_lacking(found):
            return counting.result(self._detector, gray, plan=plan)
        rejected = sum(part.rejected for _, part in parts)
        return SearchResult(found, rejected, counting.retries, counting.failures, plan, was_whole=False)

    def close(self) -> None:
        """Free the detectors. Closing again does nothing."""
        self._detector.close()
        self._near.close()


class _Counting:
    """Asks a detector that failed once more, and counts."""

    def __init__(self, intrinsics: Intrinsics | None) -> None:
        self.retries = self.failures = 0
        self._intrinsics = intrinsics

    def examine(self, detector: TagDetector, gray: NDArray[np.uint8], region: Region | None = None) -> Examination:
        intrinsics = self._intrinsics
        if region is not None:
            gray = region.of(gray)
            intrinsics = None if intrinsics is None else region.intrinsics_of(intrinsics)
        try:
            return detector.examine(gray, intrinsics=intrinsics)
        except DetectorFailedError as error:
            logger.debug("asking again: %s", error)
            self.retries += 1
        try:
            return detector.examine(gray, intrinsics=intrinsics)
        except DetectorFailedError as error:  # counted, and reported by the node: the stream goes on
            logger.debug("taken for empty: %s", error)
            self.failures += 1
            return Examination([], 0)

    def result(self, detector: TagDetector, gray: NDArray[np.uint8], *, plan: SearchPlan | None = None) -> SearchResult:
        whole = self.examine(detector, gray)
        return SearchResult(whole.tags, whole.rejected, self.retries, self.failures, plan, was_whole=True)
