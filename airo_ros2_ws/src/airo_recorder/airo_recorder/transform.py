"""What may be done to images before they are encoded: crop, resize, draw tags, or whatever the user writes."""

from __future__ import annotations

import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from airo_frames.text import read_text
from airo_recorder.exceptions import RecordingSettingsError
from airo_recorder.frame_head import FrameHead
from airo_recorder.own_frame import OwnFrame

__all__ = ["Crop", "Resize", "TagOverlay", "Transform", "make_transform", "transformed"]

# Of the image alone; Crop and Resize know what to do with all planes of a frame.
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
    steps = tuple(_step(spec, tags) for spec in specs)
    return _Sequence(steps) if steps else None


def transformed(transform: Transform, head: FrameHead, own: OwnFrame) -> tuple[FrameHead, OwnFrame]:
    """Return what a transform makes of a whole frame.

    Crop and Resize change depth, confidence and right view with the image. Any other transform changes the image alone;
    where it changes the size, the other planes do not belong to its pixels any more, and are left out.
    """
    if isinstance(transform, _Sequence):
        for step in transform.steps:
            head, own = transformed(step, head, own)
        return head, own
    if isinstance(transform, Crop | Resize):
        return transform.whole(head, own)
    changed, image = transform(head, own.image)
    if changed.size_wh != head.size_wh:
        return replace(changed, streams=("image",), right=None), OwnFrame(image)
    return changed, replace(own, image=image)


@dataclass(frozen=True)
class _Sequence:
    """Does one thing after another."""

    steps: tuple[Transform, ...]

    def __call__(self, head: FrameHead, image: NDArray[Any]) -> tuple[FrameHead, NDArray[Any]]:
        for step in self.steps:
            head, image = step(head, image)
        return head, image


class _Geometric(ABC):
    """What changes the place of pixels, in all planes of a frame alike."""

    def __call__(self, head: FrameHead, image: NDArray[Any]) -> tuple[FrameHead, NDArray[Any]]:
        changed, own = self.whole(head, OwnFrame(image))
        return changed, own.image

    def whole(self, head: FrameHead, own: OwnFrame) -> tuple[FrameHead, OwnFrame]:
        """Return a frame whose planes and intrinsics have changed."""
        changed = self._head(head)
        planes = {name: self._plane(plane, changed, name) for name, plane in own.planes().items()}
        return changed, OwnFrame(**planes)

    @abstractmethod
    def _head(self, head: FrameHead) -> FrameHead: ...

    @abstractmethod
    def _plane(self, plane: NDArray[Any], changed: FrameHead, stream: str) -> NDArray[Any]: ...


@dataclass(frozen=True)
class Crop(_Geometric):
    """Cuts a rectangle out of images; all in px. The principal points move with it."""

    x: int
    y: int
    width: int
    height: int

    def _head(self, head: FrameHead) -> FrameHead:
        if self.x + self.width > head.size_wh[0] or self.y + self.height > head.size_wh[1]:
            raise RecordingSettingsError(
                f"crop={self.x},{self.y},{self.width},{self.height} of a {head.size_wh[0]}x{head.size_wh[1]} image: "
                "expected one inside it"
            )
        return _changed(head, (self.width, self.height), scale=(1.0, 1.0), offset=(-self.x, -self.y))

    def _plane(self, plane: NDArray[Any], changed: FrameHead, stream: str) -> NDArray[Any]:
        return np.ascontiguousarray(plane[self.y : self.y + self.height, self.x : self.x + self.width])


@dataclass(frozen=True)
class Resize(_Geometric):
    """Scales images to a size, px, and the camera matrices with them; depths are taken from the nearest pixel."""

    width: int
    height: int

    def _head(self, head: FrameHead) -> FrameHead:
        across, down = self.width / head.size_wh[0], self.height / head.size_wh[1]
        # The centre of the first pixel is (0, 0), so that its corner, which stays, is at (-0.5, -0.5).
        offset = (0.5 * across - 0.5, 0.5 * down - 0.5)
        return _changed(head, (self.width, self.height), scale=(across, down), offset=offset)

    def _plane(self, plane: NDArray[Any], changed: FrameHead, stream: str) -> NDArray[Any]:
        method = cv2.INTER_AREA if self.width < plane.shape[1] else cv2.INTER_LINEAR
        if stream in ("depth", "confidence"):  # a mean of two surfaces is on neither
            method = cv2.INTER_NEAREST
        return np.asarray(cv2.resize(plane, (self.width, self.height), interpolation=method))


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
        return Crop(x, y, width, height)
    if match := _RESIZE.fullmatch(spec):
        return Resize(*map(int, match.groups()))
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


def _changed(
    head: FrameHead, size_wh: tuple[int, int], *, scale: tuple[float, float], offset: tuple[float, float]
) -> FrameHead:
    right = head.right
    if right is not None:
        right = replace(right, intrinsics=_moved(right.intrinsics, scale=scale, offset=offset))
    intrinsics = _moved(head.intrinsics, scale=scale, offset=offset)
    return replace(head, size_wh=size_wh, intrinsics=intrinsics, right=right)


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
