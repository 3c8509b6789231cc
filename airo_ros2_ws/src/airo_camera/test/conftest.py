"""Shared set-up of the tests of airo_camera."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))  # source_reading, under every import mode of pytest

from source_reading import FakeTime


@pytest.fixture
def fake_time() -> FakeTime:
    """A clock without waiting."""
    return FakeTime()


@pytest.fixture
def photographs(photographs: Path) -> list[Path]:
    """Real photographs, each beside a .txt with reference detections."""
    return sorted(photographs.glob("*.jpg"))


@pytest.fixture(scope="session")
def detect() -> Iterator[Any]:
    """A function that finds the corners of tags: image -> {id: (4, 2) px in OpenCV's convention}."""
    detector = pytest.importorskip("pupil_apriltags").Detector(families="tag36h11", nthreads=1, quad_decimate=1.0)

    def corners_by_id(grey: NDArray[np.uint8]) -> dict[int, NDArray[np.float64]]:
        found = [each for each in detector.detect(grey) if each.hamming <= 1 and each.decision_margin >= 20]
        return {each.tag_id: each.corners - 0.5 for each in found}

    yield corners_by_id
    # Its destructor frees the families before the detector, which crashes; the process ends soon.
    detector.tag_detector_ptr = None
