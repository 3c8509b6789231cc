"""Reading sources in tests, without waiting."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_camera.sources.pacing import Pacer
from airo_camera.sources.source import GrabbedImage, Source
from airo_frames.encodings import encoding_named

__all__ = ["FakeTime", "read_all", "retrieved"]


class FakeTime:
    """A clock that only sleeping advances, and the sleeps so far, s."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sleeps: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Advance the clock."""
        self.sleeps.append(seconds)
        self.now += seconds

    def pacer(self) -> Pacer:
        """Return a pacer on this clock."""
        return Pacer(clock=lambda: self.now, sleep=self.sleep)


def retrieved(source: Source, grabbed: GrabbedImage | None) -> NDArray[Any]:
    """Return the image that a source has grabbed."""
    assert grabbed is not None
    encoding = encoding_named(grabbed.encoding)
    out = np.empty(encoding.shape(grabbed.size_wh), dtype=encoding.dtype)
    source.retrieve(out)
    return out


def read_all(source: Source) -> list[NDArray[Any]]:
    """Return every image of an open source."""
    images = []
    while (grabbed := source.grab()) is not None:
        images.append(retrieved(source, grabbed))
    return images
