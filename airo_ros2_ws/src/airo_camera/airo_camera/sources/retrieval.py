"""Writing a grabbed image where the caller wants it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_camera.exceptions import SourceReadError
from airo_camera.sources.source import GrabbedImage, Source
from airo_frames.encodings import encoding_named
from airo_frames.exceptions import ArrayContractError

__all__ = ["check_target", "not_open"]


def check_target(out: NDArray[Any], grabbed: GrabbedImage | None) -> GrabbedImage:
    """Return the grabbed image if it fits into `out`.

    Raises:
        SourceReadError: nothing was grabbed.
        ArrayContractError: `out` has another shape, dtype or layout.
    """
    if grabbed is None:
        raise SourceReadError("there is no image to retrieve: call grab() first")
    encoding = encoding_named(grabbed.encoding)
    shape = encoding.shape(grabbed.size_wh)
    if out.shape != shape or out.dtype != encoding.dtype or not out.flags.c_contiguous:
        layout = "contiguous" if out.flags.c_contiguous else "strided"
        raise ArrayContractError(
            f"the array for a {encoding.name} image is {layout} {out.dtype} {out.shape}: "
            f"expected contiguous {np.dtype(encoding.dtype)} {shape}"
        )
    return grabbed


def not_open(source: Source) -> SourceReadError:
    """Return the error of a source that is used before open() or after close()."""
    return SourceReadError(f"{type(source).__name__} is not open: call open() first")
