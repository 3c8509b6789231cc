"""The frames of the benchmark: rendered tags with noise, as a camera would see them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from airo_camera.sources.spec import make_source

__all__ = ["FPS", "SIZE_WH", "load_pictures", "make_pictures"]

SIZE_WH = (1920, 1080)
FPS = 30.0
COUNT = 12
_SOURCE = f"sim:?width={SIZE_WH[0]}&height={SIZE_WH[1]}&tags=6&noise=1.5&fps=1000"


def make_pictures(path: Path) -> None:
    """Render the frames to a file, from which every process maps them; do nothing when it is there."""
    if path.exists():
        return
    out = np.empty((COUNT, SIZE_WH[1], SIZE_WH[0], 3), np.uint8)
    with make_source(_SOURCE) as source:
        for picture in out:
            if source.grab() is None:
                sys.exit("the simulated camera ended")
            source.retrieve(picture)
    made = path.with_suffix(".new.npy")
    np.save(made, out)
    made.rename(path)


def load_pictures(path: Path) -> NDArray[np.uint8]:
    """Return the frames, in the memory of this process."""
    return np.array(np.load(path))
