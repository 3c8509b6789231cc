"""What may be done to images before they are encoded: crop, resize, draw tags, or whatever the user writes."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from airo_frames.text import read_text
from airo_recorder.exceptions import RecordingSettingsError
from airo_recorder.frame_head import FrameHead

__all__ = ["Transform", "TagOverlay", "crop", "make_transform", "resize"]

Transform = Callable[[FrameHead, NDArray[Any]], tuple[FrameHead, NDArray[Any]]]
_CROP = re.compile(r"crop=(\d+),(\d+),(\d+),(\d+)")
_RESIZE = re.compile(r"resize=(\d+)x(\d+)")
_CUSTOM = re.compile(r"([A-Za-z_][\w.]*):([A-Za-z_]\w*)")


def make_transform(specs: Sequence[str], *, tags: TagOverlay | None = None) -> Transform | None:
    """Return what does one thing after another; None for nothing.

    Args:
        specs: each `crop=X,Y,WIDTH,HEIGHT`, `resize=WIDTHxHEIGHT`, `tags`, or `module:function`, a Transform.
        tags: what `tags` draws.

    Raises:
        RecordingSettingsError: a specification is not understood.
    """
    steps = [_step(spec, tags) for spec in specs]

    def transform(head: FrameHead, image: NDArray[Any]) -> tuple[FrameHead, NDArray[Any]]:
        for step in steps:
            head, image = step(head, image)
        return head, image

    return transform if steps else None


def crop(x: int, y: int, width: int, height: int) -> Transform:
    """Return what cuts a rectangle out of images; all arguments in px. The principal point moves with it."""

    def cut(head: FrameHead, image: NDArray[Any]) -> tuple[FrameHead, NDArray[Any]]:
        if x + width > head.size_wh[0] or y + height > head.size_wh[1]:
            raise RecordingSettingsError(
                f"crop={x},{y},{width},{height} of a {head.size_wh[0]}x{head.size_wh[1]} image: expected one inside it"
            )
        intrinsics = _moved(head.intrinsics, scale=(1.0, 1.0), offset=(-x, -y))
        return replace(head, size_wh=(width, height), intrinsics=intrinsics), np.ascontiguousarray(
            image[y : y + height, x : x + width]
        )

    return cut


def resize(width: int, height: int) -> Transform:
    """Return what scales images to a size, px. The camera matrix is scaled with them."""

    def scale(head: FrameHead, image: NDArray[Any]) -> tuple[FrameHead, NDArray[Any]]:
        across, down = width / head.size_wh[0], height / head.size_wh[1]
        method = cv2.INTER_AREA if across < 1 else cv2.INTER_LINEAR
        scaled = cv2.resize(image, (width, height), interpolation=method)
        # The centre of the first pixel is (0, 0), so that its corner, which stays, is at (-0.5, -0.5).
        offset = (0.5 * across - 0.5, 0.5 * down - 0.5)
        intrinsics = _moved(head.intrinsics, scale=(across, down), offset=offset)
        return replace(head, size_wh=(width, height), intrinsics=intrinsics), scaled

    return scale


class TagOverlay:
    """Draws the newest detections that are known of a frame, or of one before it."""

    def __init__(self) -> None:
        self._tags: list[tuple[int, NDArray[np.float64]]] = []  # number and corners of each; guarded by _lock
        self._lock = threading.Lock()

    def update(self, record: NDArray[np.void]) -> None:
        """Take the tags of a TagDetections record."""
        tags = [
            (int(tag["id"]), np.array(tag["corners"], np.float64).reshape(4, 2))
            for tag in record["detections"][: int(record["count"])]
            if read_text(tag["family"])
        ]
        with self._lock:
            self._tags = tags

    def __call__(self, head: FrameHead, image: NDArray[Any]) -> tuple[FrameHead, NDArray[Any]]:
        """Draw outlines and numbers on an image with 8 bits per channel; others stay as they are."""
        with self._lock:
            tags = self._tags
        if image.dtype != np.uint8:
            return head, image
        image = np.ascontiguousarray(image)
        for tag_id, corners in tags:
            points = np.round(corners).astype(np.int32)
            cv2.polylines(image, [points], True, (0, 255, 0), 2)
            cv2.putText(image, str(tag_id), tuple(map(int, points[3])), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 255, 0), 2)
        return head, image


def _step(spec: str, tags: TagOverlay | None) -> Transform:
    if match := _CROP.fullmatch(spec):
        x, y, width, height = map(int, match.groups())
        return crop(x, y, width, height)
    if match := _RESIZE.fullmatch(spec):
        return resize(*map(int, match.groups()))
    if spec == "tags" and tags is not None:
        return tags
    if match := _CUSTOM.fullmatch(spec):
        return _custom(*match.groups(), spec=spec)
    raise RecordingSettingsError(
        f"cannot understand the transform {spec!r}: expected crop=X,Y,WIDTH,HEIGHT, resize=WIDTHxHEIGHT, tags or "
        "module:function"
    )


def _custom(module: str, function: str, *, spec: str) -> Transform:
    try:
        found = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise RecordingSettingsError(f"cannot load the transform {spec}: {error}") from error
    if not callable(found):
        raise RecordingSettingsError(f"the transform {spec} is {found!r}: expected a function")
    loaded: Transform = found
    return loaded


def _moved(
    intrinsics: Intrinsics | None, *, scale: tuple[float, float], offset: tuple[float, float]
) -> Intrinsics | None:
    """Return the intrinsics of an image whose pixels were scaled and then moved."""
    if intrinsics is None:
        return None
    change = np.array([[scale[0], 0.0, offset[0]], [0.0, scale[1], offset[1]], [0.0, 0.0, 1.0]])
    return replace(
        intrinsics, camera_matrix=change @ intrinsics.camera_matrix, projection=change @ intrinsics.projection
    )
