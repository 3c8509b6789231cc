"""Finds AprilTags in one grey image."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from tag_pose.backends import BACKENDS
from tag_pose.corner_refinement import refined_corners
from tag_pose.detector_settings import DetectorSettings
from tag_pose.exceptions import DetectorImageError
from tag_pose.lens import is_known_model
from tag_pose.observation import TagObservation

__all__ = ["DetectorSettings", "Examination", "TagDetector", "TagObservation", "without_duplicates"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Examination:
    """What a detector made of one image.

    Attributes:
        tags: sorted by family, id and position, each tag once.
        rejected: candidates that the library took for tags and that did not pass max_hamming and min_decision_margin.
    """

    tags: list[TagObservation]
    rejected: int


class TagDetector:
    """Finds tags of the families in its settings; one thread at a time works, others wait.

    Use it as a context manager, or call close(); what is left open is closed at interpreter exit.

    Args:
        settings: what to look for; the defaults when None.

    Raises:
        DetectorSettingError: the backend's library is not installed, or a family needs too much memory.
    """

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self._settings = DetectorSettings() if settings is None else settings
        self._backend = BACKENDS[self._settings.backend](self._settings)

    @property
    def settings(self) -> DetectorSettings:
        """What this detector looks for."""
        return self._settings

    @property
    def closed(self) -> bool:
        """Whether close() was called."""
        return self._backend.closed

    def detect(self, gray: NDArray[np.uint8], *, intrinsics: Intrinsics | None = None) -> list[TagObservation]:
        """Return the tags in an image, sorted by family, id and position, each tag once.

        Args:
            gray: (H, W) uint8; may be read-only and of any strides. Images too small for a tag have none.
            intrinsics: of the image; where its lens bends the edges of tags, the refinement follows the bend.

        Returns:
            Those that pass max_hamming and min_decision_margin; pixels in OpenCV's convention.
        Memory: the image is read in place and copied once, by the library; the results own their arrays.

        Raises:
            DetectorImageError: the array is not (H, W) uint8.
            DetectorClosedError: after close().
            DetectorFailedError: the library failed at this image.
        """
        return self.examine(gray, intrinsics=intrinsics).tags

    def examine(self, gray: NDArray[np.uint8], *, intrinsics: Intrinsics | None = None) -> Examination:
        """Return the tags in an image, as detect() does, and how many candidates were rejected."""
        _check_image(gray)
        if min(gray.shape) < self._settings.smallest_side:
            return Examination([], 0)
        candidates = self._backend.detect(gray)
        accepted = [candidate for candidate in candidates if self._accepts(candidate)]
        tags = without_duplicates(accepted)
        if self._settings.corner_refinement == "edges":
            tags = _refined(tags, gray, intrinsics)
        return Examination(tags, len(candidates) - len(accepted))

    def close(self) -> None:
        """Free the native detector. Closing again does nothing."""
        self._backend.close()

    def __enter__(self) -> TagDetector:
        """Return self; leaving the block closes the detector."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the detector."""
        self.close()

    def _accepts(self, observation: TagObservation) -> bool:
        accepted = (
            observation.hamming <= self._settings.max_hamming
            and observation.decision_margin >= self._settings.min_decision_margin
            and bool(np.isfinite(observation.corners).all() and np.isfinite(observation.center).all())
        )
        if not accepted:
            logger.debug("rejected %s", observation)
        return accepted


def _refined(
    tags: list[TagObservation], gray: NDArray[np.uint8], intrinsics: Intrinsics | None
) -> list[TagObservation]:
    if not tags:
        return tags
    if intrinsics is not None and not is_known_model(intrinsics):
        intrinsics = None  # no pose will come of it either; who asks for one is told
    corners, is_refined = refined_corners(gray, np.stack([tag.corners for tag in tags]), intrinsics=intrinsics)
    return [
        replace(tag, corners=new, center=_diagonals_cross(new), is_refined=True) if is_new else tag
        for tag, new, is_new in zip(tags, corners, is_refined.tolist(), strict=True)
    ]


def _diagonals_cross(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    one, other, apart = corners[2] - corners[0], corners[3] - corners[1], corners[1] - corners[0]
    part = (apart[0] * other[1] - apart[1] * other[0]) / (one[0] * other[1] - one[1] * other[0])
    return np.asarray(corners[0] + part * one)


def _check_image(gray: Any) -> None:
    if not isinstance(gray, np.ndarray):
        raise DetectorImageError(f"image is a {type(gray).__name__}: expected a (height, width) uint8 array")
    if gray.ndim != 2 or gray.dtype != np.uint8:
        raise DetectorImageError(
            f"image has shape {gray.shape} and dtype {gray.dtype}: expected (height, width) uint8, "
            "as to_gray() returns it"
        )


def without_duplicates(observations: Iterable[TagObservation]) -> list[TagObservation]:
    """Return observations sorted by family, id and position, of each tag the surest one.

    Two are the same tag when family and id are the same and the centre of one lies inside the other.
    """
    kept: list[TagObservation] = []
    for candidate in sorted(observations, key=lambda found: (found.hamming, -found.decision_margin)):
        if not any(_same_tag(candidate, other) for other in kept):
            kept.append(candidate)
    return sorted(kept, key=_sort_key)


def _same_tag(one: TagObservation, other: TagObservation) -> bool:
    same_name = (one.family, one.tag_id) == (other.family, other.tag_id)
    return same_name and (_is_inside(one.center, other.corners) or _is_inside(other.center, one.corners))


def _is_inside(point: NDArray[np.float64], corners: NDArray[np.float64]) -> bool:
    outline = corners.astype(np.float32).reshape(-1, 1, 2)
    return cv2.pointPolygonTest(outline, (float(point[0]), float(point[1])), False) >= 0


def _sort_key(observation: TagObservation) -> tuple[str, int, float, float]:
    return observation.family, observation.tag_id, float(observation.center[0]), float(observation.center[1])
