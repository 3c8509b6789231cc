"""AprilTag families: how many tags they have and what their bitmaps look like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["QUIET_CELLS", "TAG_FAMILIES", "TagFamily"]

# White paper around the black border of a simulated tag, cells.
QUIET_CELLS = 1.5


@dataclass(frozen=True)
class TagFamily:
    """A family of square tags with a black border.

    Attributes:
        name: for example tag36h11.
        dictionary: name of the predefined dictionary in cv2.aruco.
        cells: along an edge of the black border, which is one cell wide.
        count: number of tags; their ids are 0 to count - 1.
    """

    name: str
    dictionary: str
    cells: int
    count: int

    def bitmap(self, tag_id: int) -> NDArray[np.uint8]:
        """Return the upright tag up to the outer edge of its black border.

        The dictionaries of cv2.aruco hold AprilTags turned by 180 degrees against the family's own definition.

        Returns:
            (cells, cells) uint8, 0 is black and 255 is white; the first row is the top of the tag. New array.
        """
        import cv2

        dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, self.dictionary))
        image = np.asarray(dictionary.generateImageMarker(tag_id, self.cells), dtype=np.uint8)
        return np.ascontiguousarray(np.rot90(image, 2))


TAG_FAMILIES = {
    family.name: family
    for family in (
        TagFamily("tag36h11", "DICT_APRILTAG_36H11", cells=8, count=587),
        TagFamily("tag36h10", "DICT_APRILTAG_36H10", cells=8, count=2320),
        TagFamily("tag25h9", "DICT_APRILTAG_25H9", cells=7, count=35),
        TagFamily("tag16h5", "DICT_APRILTAG_16H5", cells=6, count=30),
    )
}
