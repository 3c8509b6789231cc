"""Real photographs with reference detections."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from airo_frames.image_file import read_image
from tag_pose.detector import DetectorSettings, TagDetector, TagObservation
from tag_pose.gray import to_gray

REFERENCE_TAGS = 47
MATCH_PX = 2.0


def reference_corners(photograph: Path) -> NDArray[np.float64]:
    """Return the (N, 4, 2) reference corners, in OpenCV's pixel convention."""
    lines = photograph.with_suffix(".txt").read_text().splitlines()
    numbers = [[float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", line)] for line in lines if line.strip()]
    return np.array(numbers)[:, 1:].reshape(-1, 4, 2) - 0.5


def detect(photograph: Path, detector: TagDetector) -> list[TagObservation]:
    """Return the tags in a photograph."""
    return detector.detect(to_gray(*read_image(photograph)))


def matched_errors(photographs: list[Path], detector: TagDetector) -> tuple[list[NDArray[np.float64]], int]:
    """Return the (4,) corner distances of every reference tag that was found, px, and how many others were found."""
    errors: list[NDArray[np.float64]] = []
    others = 0
    for photograph in photographs:
        references = reference_corners(photograph)
        free = set(range(len(references)))
        for found in detect(photograph, detector):
            distances = np.linalg.norm(references - found.corners, axis=2)
            nearest = int(distances.mean(axis=1).argmin())
            if nearest in free and distances[nearest].mean() < MATCH_PX:
                free.remove(nearest)
                errors.append(distances[nearest])
            else:
                others += 1
    return errors, others


def test_default_settings_find_the_reference_tags(backend: str, photographs: list[Path]) -> None:
    """At least 44 of the 47 reference tags are found, and nothing else.

    A tag matches by the mean distance of its corners: the sharp corner of one tag seen at a grazing angle moves by more
    than 2 px when its blurred edges are refined.
    """
    with TagDetector(DetectorSettings(backend=backend)) as detector:
        errors, others = matched_errors(photographs, detector)
    assert 44 <= len(errors) <= REFERENCE_TAGS
    assert others == 0


def test_settings_of_the_reference_give_its_corners(backend: str, photographs: list[Path]) -> None:
    """Without refining edges, as the reference was made, the corners are the same."""
    with TagDetector(DetectorSettings(backend=backend, refine_edges=False, corner_refinement="none")) as detector:
        errors, others = matched_errors(photographs, detector)
    assert 46 <= len(errors) <= REFERENCE_TAGS
    assert others == 0
    assert np.median(errors) < 0.001
    assert np.max(errors) < 0.5


@pytest.mark.parametrize("family", ["tag25h9", "tagStandard41h12"])
def test_other_families_are_not_seen(backend: str, family: str, photographs: list[Path]) -> None:
    """Only tag36h11 was photographed."""
    with TagDetector(DetectorSettings(families=(family,), backend=backend)) as detector:
        assert not any(detect(photograph, detector) for photograph in photographs)
