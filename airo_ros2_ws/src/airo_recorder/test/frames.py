"""Frames with known pixels, as the tests of the recorder offer them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_frames import Frame, Intrinsics, PointCloudFrame, RgbdFrame, StereoRgbdFrame, View, encoding_named
from airo_recorder.recorder import Recorder

INTRINSICS = Intrinsics(
    np.array([[600.5, 0, 31.25], [0, 601.5, 23.75], [0, 0, 1]]), distortion=np.array([0.1, -0.2, 0.001, 0.002, 0.05])
)
START_NANOS = 1_700_000_000_123_456_789
PERIOD_NANOS = 33_333_333


def picture(number: int, *, encoding: str = "rgb8", size_wh: tuple[int, int] = (64, 48)) -> NDArray[Any]:
    """Return an image that tells its number: a smooth pattern that moves with it."""
    kind = encoding_named(encoding)
    down, across = np.mgrid[: size_wh[1], : size_wh[0]]
    plane = 40 + (across + 2 * down + 5 * number) % 160
    if kind.dtype == np.uint16:
        plane = plane * 301
    channels = [plane, 255 - plane, plane // 2 + 30][: kind.channels]
    stacked = np.stack(channels, axis=-1) if kind.channels > 1 else plane
    return np.ascontiguousarray(stacked.astype(kind.dtype))


def frame(number: int, *, encoding: str = "rgb8", size_wh: tuple[int, int] = (64, 48), stamp: int = 0) -> Frame:
    """Return frame `number`, which was acquired at START_NANOS plus so many periods unless a stamp is given."""
    return Frame(
        image=picture(number, encoding=encoding, size_wh=size_wh),
        encoding=encoding,
        stamp_nanos=stamp or START_NANOS + number * PERIOD_NANOS,
        sequence=number,
        frame_id="front_optical_frame",
        intrinsics=INTRINSICS,
    )


def depth_plane(number: int, *, size_wh: tuple[int, int] = (64, 48)) -> NDArray[np.float32]:
    """Return depths that tell their number, with fractions of a mm, NaN, infinity, and what is too far for uint16."""
    down, across = np.mgrid[: size_wh[1], : size_wh[0]]
    depth = (0.3 + 0.0101 * across + 0.001 * down + 0.1 * (number % 40) + 1 / 3e4).astype(np.float32)
    depth[3:6, 5:9] = np.nan
    depth[7, :4] = np.inf, 70.0, 65.535, 0.0004
    return depth


def confidence_plane(number: int, *, size_wh: tuple[int, int] = (64, 48)) -> NDArray[np.float32]:
    """Return confidences that tell their number."""
    down, across = np.mgrid[: size_wh[1], : size_wh[0]]
    return (((across + down + number) % 101) / 100).astype(np.float32)


LEFT_FROM_RIGHT = np.array([[0.0, 0, 1, 0.12], [0, 1, 0, 0], [-1, 0, 0, 0.01], [0, 0, 0, 1]])
RIGHT_INTRINSICS = Intrinsics.pinhole(610.0, 611.0, 30.0, 20.0)


def rgbd_frame(
    number: int, *, has_confidence: bool = True, size_wh: tuple[int, int] = (64, 48), **options: Any
) -> Frame:
    """Return frame(number) with depth."""
    confidence = confidence_plane(number, size_wh=size_wh) if has_confidence else None
    plain = frame(number, size_wh=size_wh, **options)
    return RgbdFrame(**vars(plain), depth=depth_plane(number, size_wh=size_wh), confidence=confidence)


def stereo_frame(number: int, *, size_wh: tuple[int, int] = (64, 48), **options: Any) -> Frame:
    """Return frame(number) with depth and a right view, which shows what frame number + 1000 does."""
    with_depth = rgbd_frame(number, size_wh=size_wh, **options)
    right = picture(number + 1000, encoding=with_depth.encoding, size_wh=size_wh)
    view = View(right, with_depth.encoding, RIGHT_INTRINSICS)
    return StereoRgbdFrame(**vars(with_depth), right=view, left_from_right=LEFT_FROM_RIGHT)


MAKERS = {"image": frame, "rgbd": rgbd_frame, "stereo": stereo_frame}


def cloud(number: int, *, count: int = 500, has_colors: bool = True) -> PointCloudFrame:
    """Return the cloud of frame `number`."""
    random = np.random.default_rng(number)
    return PointCloudFrame(
        points=random.normal(size=(count, 3)).astype(np.float32),
        colors=random.integers(0, 256, (count, 3), dtype=np.uint8) if has_colors else None,
        stamp_nanos=START_NANOS + number * PERIOD_NANOS,
        sequence=number,
        frame_id="front_optical_frame",
        intrinsics=INTRINSICS,
    )


def offer(
    recorder: Recorder, numbers: Iterator[int] | range, *, camera: str = "front", kind: str = "image", **options: Any
) -> None:
    """Offer frames to a recorder; each has to be taken."""
    for number in numbers:
        assert recorder.cameras[camera].offer(MAKERS[kind](number, **options))


def wait_for(condition: Any, *, what: str) -> None:
    """Look again and again until something is so."""
    deadline = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)
