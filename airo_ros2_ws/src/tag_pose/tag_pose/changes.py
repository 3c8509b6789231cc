"""Where an image has changed since it was searched."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tag_pose.region import Region

__all__ = ["ImageChanges"]

CELL_PX = 8  # means of cells: the noise of their 64 px averages out, the border of a small tag does not
MIN_CHANGE = 10.0  # grey levels
MAX_SHARE = 0.3  # of the image: where more than that has changed, the camera moves
REACH_CELLS = 5  # changed cells of one tag may lie so far apart


class ImageChanges:
    """Remembers what was searched, as means of small cells. Not to be shared between threads."""

    def __init__(self) -> None:
        self._searched: NDArray[np.float32] | None = None  # (rows, columns), means when each cell was searched last

    @staticmethod
    def cells_of(gray: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the mean of each 8x8 px cell of an (H, W) image as (H // 8, W // 8) float32."""
        rows, columns = (side // CELL_PX for side in gray.shape)
        if not rows or not columns:
            return np.zeros((rows, columns), np.float32)
        whole = gray[: rows * CELL_PX, : columns * CELL_PX]
        return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.float32)

    def regions(self, cells: NDArray[np.float32], *, known: list[Region], size_wh: tuple[int, int]) -> list[Region]:
        """Return where an image differs from what was searched, outside the known regions.

        Nothing when most of it differs: then the camera moves, and a change says nothing about a new tag.
        """
        if self._searched is None or self._searched.shape != cells.shape or not cells.size:
            return []
        difference = cells - self._searched
        difference -= np.median(difference)  # the light may have changed
        mask = (np.abs(difference) >= MIN_CHANGE).astype(np.uint8)
        for region in known:
            mask[
                region.top // CELL_PX : -(-region.bottom // CELL_PX),
                region.left // CELL_PX : -(-region.right // CELL_PX),
            ] = 0
        if not mask.any() or mask.mean() > MAX_SHARE:
            return []
        near = cv2.dilate(mask, np.ones((REACH_CELLS, REACH_CELLS), np.uint8))
        _, _, boxes, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
        return [
            Region.around((x * CELL_PX, y * CELL_PX, (x + w) * CELL_PX, (y + h) * CELL_PX), size_wh=size_wh)
            for x, y, w, h, _ in boxes[1:]
        ]

    def searched(self, cells: NDArray[np.float32], *, regions: list[Region] | None) -> None:
        """Remember that an image was searched, in some regions or, with None, as a whole."""
        if regions is None or self._searched is None or self._searched.shape != cells.shape:
            self._searched = cells.copy() if regions is None else self._searched
            return
        for region in regions:  # only cells that lie in it as a whole
            part = (
                slice(-(-region.top // CELL_PX), region.bottom // CELL_PX),
                slice(-(-region.left // CELL_PX), region.right // CELL_PX),
            )
            self._searched[part] = cells[part]
