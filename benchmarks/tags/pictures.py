"""Real photographs with reference detections, and natural images in which there are no tags."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tags.subjects import SUBJECTS, Subject, ours

__all__ = ["PHOTOGRAPHS", "run_natural", "run_photographs"]

PHOTOGRAPHS = Path(__file__).resolve().parents[3] / "shared/data/apriltag"
MATCH_PX = 2.0
PIXEL_CENTRE = 0.5  # of the references
# Freely licensed photographs and scans that come inside Python packages.
NATURAL = {
    "skimage": ("data", ("png", "jpg")),
    "sklearn": ("datasets/images", ("jpg",)),
    "matplotlib": ("mpl-data/sample_data", ("jpg", "png")),
}
REFERENCE = Subject(
    "tag_pose, pupil, settings of the reference",
    "pupil-apriltags",
    "pupil_apriltags",
    ours("pupil", refine_edges=False, corner_refinement="none"),
)


def run_photographs(folder: Path) -> dict[str, Any]:
    """Return how many of the reference tags each subject finds."""
    files = sorted(folder.glob("*.jpg"))
    rows = []
    for name, subject in {"reference": REFERENCE, **SUBJECTS}.items() if files else ():
        if not subject.is_installed:
            continue
        look = subject.make(0.1)
        found = others = total = 0
        for file in files:
            references = _references(file)
            total += len(references)
            free = set(range(len(references)))
            for sighting in look(_gray(file), None):
                shift = PIXEL_CENTRE if name.startswith("bare") else 0.0
                distances = np.linalg.norm(references - (sighting.corners - shift), axis=2).mean(axis=1)
                nearest = int(distances.argmin())
                if nearest in free and distances[nearest] < MATCH_PX:
                    free.remove(nearest)
                    found += 1
                else:
                    others += 1
        rows.append({"subject": name, "title": subject.title, "found": found, "others": others, "references": total})
    return {"folder": folder.name, "photographs": len(files), "rows": rows}


def run_natural(*, is_quick: bool) -> dict[str, Any]:
    """Return how many tags each subject finds in natural images, where there are none."""
    images = [image for file in _natural_files() for image in _variants(_gray(file))]
    images = images[::8] if is_quick else images
    rows = []
    extra = {
        "pupil_16h5": Subject(
            "tag_pose, pupil, tag16h5", "pupil-apriltags", "pupil_apriltags", ours("pupil", families=("tag16h5",))
        )
    }
    for name, subject in {**SUBJECTS, **extra}.items():
        if subject.is_installed and images:
            look = subject.make(0.1)
            false = sum(len(look(image, None)) for image in images)
            rows.append({"subject": name, "title": subject.title, "false": false})
    return {"images": len(images), "megapixels": sum(image.size for image in images) / 1e6, "rows": rows}


def _references(photograph: Path) -> NDArray[np.float64]:
    lines = photograph.with_suffix(".txt").read_text().splitlines()
    numbers = [[float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", line)] for line in lines if line.strip()]
    return np.array(numbers)[:, 1:].reshape(-1, 4, 2) - PIXEL_CENTRE


def _natural_files() -> Iterator[Path]:
    for package, (folder, endings) in NATURAL.items():
        found = importlib.util.find_spec(package)
        if found is not None and found.origin is not None:
            for ending in endings:
                yield from sorted((Path(found.origin).parent / folder).glob(f"*.{ending}"))


def _variants(image: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """Yield an image as it is, half and twice as large, turned, and with more contrast."""
    if min(image.shape) < 64:
        return
    yield image
    for factor in (0.5, 2.0):
        if image.size * factor**2 < 4e6:
            yield np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
    height, width = image.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 30, 1.0)
    yield np.asarray(cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)
    yield np.asarray(cv2.equalizeHist(image), np.uint8)


def _gray(path: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    return np.zeros((1, 1), np.uint8) if image is None else np.asarray(image, np.uint8)
