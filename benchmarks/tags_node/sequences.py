"""Sequences of 1080p images with tags whose places are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["SEQUENCES", "SIZE_WH", "Placed", "Sequence", "background", "images"]

SIZE_WH = (1920, 1080)
BORDER_CELLS, MARGIN_CELLS = 8, 2  # of tag36h11: black border, white paper around it
OVERSAMPLING = 3
NOISE = 2.0  # grey levels
DICTIONARY = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36H11)


@dataclass(frozen=True)
class Placed:
    """A tag in an image: its id, its middle (px), the side of its black border (px) and its turn (degrees)."""

    tag_id: int
    x: float
    y: float
    side: float = 60.0
    turn: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether it lies in the image with its white margin."""
        reach = self.side * (1 + 2 * MARGIN_CELLS / BORDER_CELLS) / np.sqrt(2)
        return bool(reach < self.x < SIZE_WH[0] - reach and reach < self.y < SIZE_WH[1] - reach)


@dataclass(frozen=True)
class Sequence:
    """Frames made by a function of their number; the camera moves by `pan` px per frame."""

    name: str
    scene: Callable[[int], list[Placed]]
    pan: float = 0.0
    frames: int = 90


def background(*, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Return a cluttered picture, (1080, width): blotches of all sizes, edges and boxes."""
    rng = np.random.default_rng(seed)
    height = SIZE_WH[1]
    picture = np.full((height, width), 110.0)
    for cell in (8, 32, 128, 512):
        coarse = rng.normal(0, 14, (height // cell + 2, width // cell + 2)).astype(np.float32)
        picture += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    for _ in range(width // 24):
        x, y, w, h = rng.integers(0, width), rng.integers(0, height), *rng.integers(10, 160, 2)
        cv2.rectangle(picture, (int(x), int(y)), (int(x + w), int(y + h)), float(rng.uniform(30, 220)), -1)
    return np.asarray(np.clip(cv2.GaussianBlur(picture, (0, 0), 0.8), 0, 255), dtype=np.uint8)


def images(sequence: Sequence, *, seed: int = 1) -> Iterator[tuple[NDArray[np.uint8], list[Placed]]]:
    """Yield each image, (1080, 1920) uint8, with the tags that lie in it as a whole."""
    rng = np.random.default_rng(seed)
    scenery = background(width=SIZE_WH[0] + round(sequence.pan * sequence.frames))
    noises = [rng.normal(0, NOISE, SIZE_WH[::-1]).astype(np.float32) for _ in range(4)]
    for number in range(sequence.frames):
        left = round(sequence.pan * number)
        image = scenery[:, left : left + SIZE_WH[0]].astype(np.float32)
        placed = sequence.scene(number)
        for tag in placed:
            _draw(image, tag)
        image += np.roll(noises[number % 4], 7 * number, axis=1)
        yield np.asarray(np.clip(np.rint(image), 0, 255), dtype=np.uint8), [tag for tag in placed if tag.is_whole]


def _draw(image: NDArray[np.float32], tag: Placed) -> None:
    paper = np.pad(
        # cv2.aruco stores these tags turned by 180 degrees against the official bitmaps.
        np.where(np.rot90(cv2.aruco.generateImageMarker(DICTIONARY, tag.tag_id, BORDER_CELLS), 2) > 0, 220.0, 30.0),
        MARGIN_CELLS,
        constant_values=220.0,
    ).astype(np.float32)
    cells = len(paper)
    reach = int(np.ceil(tag.side * cells / BORDER_CELLS / np.sqrt(2))) + 2
    left, top = int(tag.x) - reach, int(tag.y) - reach
    right, bottom = min(SIZE_WH[0], left + 2 * reach), min(SIZE_WH[1], top + 2 * reach)
    crop_left, crop_top = max(0, left), max(0, top)
    if right <= crop_left or bottom <= crop_top:
        return
    scale = tag.side / BORDER_CELLS * OVERSAMPLING
    angle = np.radians(tag.turn)
    rotation = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = (np.array([tag.x - crop_left, tag.y - crop_top]) + 0.5) * OVERSAMPLING - 0.5
    matrix = np.column_stack([rotation, middle - rotation @ np.full(2, cells / 2 - 0.5)])
    size = ((right - crop_left) * OVERSAMPLING, (bottom - crop_top) * OVERSAMPLING)
    part = image[crop_top:bottom, crop_left:right]
    fine = cv2.resize(part, size, interpolation=cv2.INTER_NEAREST)
    cv2.warpAffine(paper, matrix, size, fine, cv2.INTER_NEAREST, cv2.BORDER_TRANSPARENT)
    part[...] = cv2.GaussianBlur(cv2.resize(fine, part.shape[1::-1], interpolation=cv2.INTER_AREA), (0, 0), 0.5)


def _bounce(number: int, *, start: float, step: float, low: float, high: float) -> float:
    """Return where something is that goes to and fro."""
    span = high - low
    way = (start - low + step * number) % (2 * span)
    return low + (way if way < span else 2 * span - way)


SEQUENCES = (
    Sequence("ten tags at rest", lambda n: [Placed(i, 180 + 170 * i, 200 + 70 * i, 50, 7 * i) for i in range(10)]),
    Sequence(
        "five tags, up to 9 px per frame",
        lambda n: [
            Placed(i, _bounce(n, start=300 + 300 * i, step=3 + i, low=150, high=1770), 150 + 190 * i, 48, 2 * n)
            for i in range(5)
        ],
    ),
    Sequence(
        "one tag, 60 px per frame",
        lambda n: [Placed(1, _bounce(n, start=200, step=60, low=150, high=1770), 540 + 200 * np.sin(n / 4), 60)],
    ),
    Sequence(
        "a tag leaves and comes back",
        lambda n: [Placed(1, 500, 500), *([Placed(2, 1300, 400)] if n % 20 < 12 else [])],
    ),
    Sequence(
        "four tags of one id",
        lambda n: [Placed(3, 300 + 400 * i, 300 + 100 * i + 4 * n * (i % 2), 55) for i in range(4)],
    ),
    Sequence(
        "a moving camera, 8 px per frame",
        lambda n: [Placed(i, 300 + 420 * i - 8 * n, 250 + 130 * (i % 5), 56) for i in range(6)],
        pan=8.0,
    ),
    Sequence("no tag", lambda n: []),
)
