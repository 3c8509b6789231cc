"""From a grey image to tags with poses, frame after frame of one camera."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from tag_pose.detector import TagDetector
from tag_pose.detector_settings import DetectorSettings
from tag_pose.exceptions import PoseInputError
from tag_pose.observation import TagObservation
from tag_pose.planar import distortion_for_opencv
from tag_pose.pose import PoseEstimate, check_tag_size, estimate_pose

__all__ = ["DetectedTag", "TagLocator", "Tagger"]

PRIOR_LIFETIME_FRAMES = 30

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class DetectedTag:
    """One tag in one image.

    Attributes:
        observation: where it is in the image.
        tag_size: m, edge of the black border; None when unknown.
        pose: where it is in the camera frame; None without intrinsics or size, or when its corners give no pose.
    """

    observation: TagObservation
    tag_size: float | None
    pose: PoseEstimate | None


class TagLocator:
    """Finds the poses of tags in the images of one camera; uses each tag's last pose to tell two solutions apart.

    A last pose is used only for a tag whose family and id are unique in the image, and for 30 frames. Not to be shared
    between threads.

    Args:
        tag_size: m, edge of the black border of every tag without an entry in tag_sizes; None when unknown.
        tag_sizes: m, by name ("tag36h11:4"), or by id in all families (4).

    Raises:
        PoseInputError: a size is not a finite number above 0.
    """

    def __init__(self, *, tag_size: float | None = None, tag_sizes: Mapping[int | str, float] | None = None) -> None:
        self._tag_size = tag_size
        self._tag_sizes = dict(tag_sizes or {})
        for size in (*self._tag_sizes.values(), *(() if tag_size is None else (tag_size,))):
            check_tag_size(size)
        self._frame_number = 0
        self._priors: dict[tuple[str, int], _Prior] = {}  # by family and id

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
            distortion_for_opencv(intrinsics)
        self._frame_number += 1
        appearances = Counter(_key(observation) for observation in observations)
        tags = [
            self._located(observation, intrinsics, is_unique=appearances[_key(observation)] == 1)
            for observation in observations
        ]
        self._remember(tags, appearances)
        return tags

    def forget(self) -> None:
        """Forget the last poses: the next image has nothing to do with the ones before."""
        self._priors.clear()

    def _located(self, observation: TagObservation, intrinsics: Intrinsics | None, *, is_unique: bool) -> DetectedTag:
        by_id = self._tag_sizes.get(observation.tag_id, self._tag_size)
        tag_size = self._tag_sizes.get(f"{observation.family}:{observation.tag_id}", by_id)
        if tag_size is None or intrinsics is None:
            return DetectedTag(observation, tag_size, None)
        prior = self._priors.get(_key(observation)) if is_unique else None
        try:
            pose = estimate_pose(
                observation.corners,
                tag_size=tag_size,
                intrinsics=intrinsics,
                previous=prior.camera_from_tag if prior else None,
            )
        except PoseInputError as error:  # size and intrinsics were checked: this tag's corners are degenerate
            logger.debug("no pose for %s:%d: %s", observation.family, observation.tag_id, error)
            pose = None
        return DetectedTag(observation, tag_size, pose)

    def _remember(self, tags: Iterable[DetectedTag], appearances: Mapping[tuple[str, int], int]) -> None:
        for tag in tags:
            key = _key(tag.observation)
            if appearances[key] > 1:
                self._priors.pop(key, None)
            elif tag.pose is not None:
                self._priors[key] = _Prior(tag.pose.camera_from_tag, self._frame_number)
        oldest = self._frame_number - PRIOR_LIFETIME_FRAMES
        self._priors = {key: prior for key, prior in self._priors.items() if prior.frame_number > oldest}


class Tagger(TagLocator):
    """Finds tags and their poses in the images of one camera: a detector and a locator.

    Use it as a context manager, or call close().

    Args:
        detector_settings: what to look for; the defaults when None.
        tag_size: see TagLocator.
        tag_sizes: see TagLocator.

    Raises:
        DetectorSettingError: the detector cannot be made.
        PoseInputError: a size is not a finite number above 0.
    """

    def __init__(
        self,
        detector_settings: DetectorSettings | None = None,
        *,
        tag_size: float | None = None,
        tag_sizes: Mapping[int | str, float] | None = None,
    ) -> None:
        super().__init__(tag_size=tag_size, tag_sizes=tag_sizes)
        self._detector = TagDetector(detector_settings)

    @property
    def detector(self) -> TagDetector:
        """The detector; closed with the tagger."""
        return self._detector

    def process(self, gray: NDArray[np.uint8], *, intrinsics: Intrinsics | None) -> list[DetectedTag]:
        """Return the tags in an image with their poses: locate(detect(gray))."""
        return self.locate(self.detect(gray), intrinsics=intrinsics)

    def detect(self, gray: NDArray[np.uint8]) -> list[TagObservation]:
        """Return the tags in a (H, W) uint8 image without poses; see TagDetector.detect()."""
        return self._detector.detect(gray)

    def close(self) -> None:
        """Free the detector. Closing again does nothing."""
        self._detector.close()

    def __enter__(self) -> Tagger:
        """Return self; leaving the block closes the tagger."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the tagger."""
        self.close()


@dataclass(frozen=True, eq=False)
class _Prior:
    camera_from_tag: NDArray[np.float64]  # (4, 4)
    frame_number: int  # when it was seen last


def _key(observation: TagObservation) -> tuple[str, int]:
    return observation.family, observation.tag_id
