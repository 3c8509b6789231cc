"""Tests of airo_camera.sources.tag_family."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from airo_camera.sources.tag_family import TAG_FAMILIES


@pytest.mark.parametrize("name", sorted(TAG_FAMILIES))
def test_bitmaps_have_a_black_border_and_exist_to_the_last_id(name: str) -> None:
    """The first and the last tag are square with a black border."""
    family = TAG_FAMILIES[name]
    for tag_id in (0, family.count - 1):
        bitmap = family.bitmap(tag_id)
        assert bitmap.shape == (family.cells, family.cells)
        assert not np.concatenate([bitmap[0], bitmap[-1], bitmap[:, 0], bitmap[:, -1]]).any()
        assert set(np.unique(bitmap)) == {0, 255}


def test_bitmap_is_upright(detect: Any) -> None:
    """A detector sees the bottom-left corner of the bitmap as the bottom-left corner of the tag."""
    cell = 12
    image = np.kron(np.pad(TAG_FAMILIES["tag36h11"].bitmap(5), 2, constant_values=255), np.ones((cell, cell), np.uint8))
    first, last = 2 * cell - 0.5, 10 * cell - 0.5
    corners = detect(image)[5]
    np.testing.assert_allclose(corners, [[first, last], [last, last], [last, first], [first, first]], atol=1)
