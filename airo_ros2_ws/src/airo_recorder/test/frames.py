"""Frames with known pixels, as the tests of the recorder offer them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_frames import Frame, Intrinsics, encoding_named
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


def offer(recorder: Recorder, numbers: Iterator[int] | range, *, camera: str = "front", **options: Any) -> None:
    """Offer frames to a recorder; each has to be taken."""
    for number in numbers:
        assert recorder.cameras[camera].offer(frame(number, **options))


def wait_for(condition: Any, *, what: str) -> None:
    """Look again and again until something is so."""
    deadline = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.01)
