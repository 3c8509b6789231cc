"""From a grey image to tags with poses, frame after frame of one camera."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from tag_pose.bundle import BundleLayout
from tag_pose.bundle_pose import LocatedBundle
from tag_pose.detector import TagDetector
from tag_pose.detector_settings import DetectorSettings
from tag_pose.locator import PRIOR_LIFETIME_FRAMES, TagLocator
from tag_pose.observation import DetectedTag, TagObservation

__all__ = ["PRIOR_LIFETIME_FRAMES", "DetectedTag", "Tagger"]


class Tagger:
    """Finds tags and their poses in the images of one camera: a TagDetector and a TagLocator.

    Not to be shared between threads. Use it as a context manager, or call close().

    Args:
        detector_settings: what to look for; the defaults when None.
        tag_size: m, edge of the black border of every tag without another size; None when unknown.
        tag_sizes: m, by name ("tag36h11:4"), or by id in all families (4).
        bundles: rigid bodies with several tags.

    Raises:
        DetectorSettingError: the detector cannot be made.
        PoseInputError: a size is not a finite number above 0, or a name is not one.
        BundleError: a tag belongs to two bundles, or two bundles have one name.
    """

    def __init__(
        self,
        detector_settings: DetectorSettings | None = None,
        *,
        tag_size: float | None = None,
        tag_sizes: Mapping[int | str, float] | None = None,
        bundles: Sequence[BundleLayout] = (),
    ) -> None:
        settings = DetectorSettings() if detector_settings is None else detector_settings
        self._locator = TagLocator(
            tag_size=tag_size,
            tag_sizes=tag_sizes,
            bundles=bundles,
            backend=settings.backend,
            are_crossings=settings.are_crossings,
        )
        self._detector = TagDetector(settings)

    @property
    def detector(self) -> TagDetector:
        """The detector; closed with the tagger."""
        return self._detector

    @property
    def locator(self) -> TagLocator:
        """What makes poses of detections."""
        return self._locator

    def process(self, gray: NDArray[np.uint8], *, intrinsics: Intrinsics | None) -> list[DetectedTag]:
        """Return the tags in an image with their poses: locate(detect(gray))."""
        return self.locate(self.detect(gray, intrinsics=intrinsics), intrinsics=intrinsics)

    def detect(self, gray: NDArray[np.uint8], *, intrinsics: Intrinsics | None = None) -> list[TagObservation]:
        """Return the tags in a (H, W) uint8 image without poses; see TagDetector.detect()."""
        return self._detector.detect(gray, intrinsics=intrinsics)

    def locate(self, observations: Iterable[TagObservation], *, intrinsics: Intrinsics | None) -> list[DetectedTag]:
        """Return the tags of the next image of the camera with their poses, in the order given.

        Args:
            observations: all tags of one image.
            intrinsics: of that image; without them there are no poses.

        Raises:
            PoseInputError: the distortion model is unknown.
        """
        return self._locator.locate(observations, intrinsics=intrinsics)

    def locate_bundles(self, tags: Sequence[DetectedTag], *, intrinsics: Intrinsics | None) -> list[LocatedBundle]:
        """Return the bundles of which at least one tag is among the tags that locate() returned for an image.

        Raises:
            PoseInputError: the distortion model is unknown.
        """
        return self._locator.locate_bundles(tags, intrinsics=intrinsics)

    def settle(self, tags: Sequence[DetectedTag], bundles: Iterable[LocatedBundle]) -> list[DetectedTag]:
        """Return the tags of an image, each that is used in a bundle with the solution that agrees with it."""
        return self._locator.settle(tags, bundles)

    def forget(self) -> None:
        """Forget what was seen: the next image has nothing to do with the ones before."""
        self._locator.forget()

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
