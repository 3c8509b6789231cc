"""Tags in image files, without ROS."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from airo_frames.image_file import read_image
from airo_frames.intrinsics import Intrinsics
from tag_pose.bundle_pose import LocatedBundle
from tag_pose.detection_json import bundle_as_dict, detection_as_dict
from tag_pose.gray import to_gray
from tag_pose.tagger import DetectedTag, Tagger

__all__ = ["TaggedImage", "detect_image_file"]


@dataclass(frozen=True, eq=False)
class TaggedImage:
    """The tags in one image file.

    Attributes:
        path: the file.
        size_wh: (width, height), px.
        detector_time: s, without the poses.
        tags: what was found.
        bundles: those of the tagger that were found; None when it has none.
    """

    path: Path
    size_wh: tuple[int, int]
    detector_time: float
    tags: Sequence[DetectedTag]
    bundles: Sequence[LocatedBundle] | None = None

    def as_dict(self) -> dict[str, object]:
        """Return it ready for json.dumps: image, width, height, detector_time_ms, detections.

        With bundles there is also a key bundles.
        """
        fields: dict[str, object] = {
            "image": str(self.path),
            "width": self.size_wh[0],
            "height": self.size_wh[1],
            "detector_time_ms": self.detector_time * 1e3,
            "detections": [detection_as_dict(tag) for tag in self.tags],
        }
        if self.bundles is not None:
            fields["bundles"] = [bundle_as_dict(bundle) for bundle in self.bundles]
        return fields


def detect_image_file(path: Path, *, tagger: Tagger, intrinsics: Intrinsics | None) -> TaggedImage:
    """Return what is found in one image file.

    Args:
        path: an image file of any kind that OpenCV reads.
        tagger: finds the tags; forgets earlier images first, so that the result depends on this file alone.
        intrinsics: of that image, px; without them there are no poses.

    Raises:
        ImageFileError: the file cannot be read; names it.
        DetectorImageError: no tags can be seen in images of its kind.
        PoseInputError: the distortion model is unknown.
    """
    image, encoding = read_image(path)
    gray = to_gray(image, encoding)
    tagger.forget()
    start = time.perf_counter()
    observations = tagger.detect(gray, intrinsics=intrinsics)
    detector_time = time.perf_counter() - start
    size_wh = gray.shape[1], gray.shape[0]
    tags = tagger.locate(observations, intrinsics=intrinsics)
    bundles = tagger.locate_bundles(tags, intrinsics=intrinsics) if tagger.locator.bundles else None
    tags = tags if bundles is None else tagger.settle(tags, bundles)
    return TaggedImage(path, size_wh, detector_time, tags, bundles)
