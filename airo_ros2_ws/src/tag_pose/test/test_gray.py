"""Camera images become grey ones."""

from __future__ import annotations

import numpy as np
import pytest

from tag_pose.exceptions import DetectorImageError
from tag_pose.gray import to_gray


def test_mono8_is_a_view() -> None:
    """A grey image is not copied."""
    image = np.zeros((4, 5), np.uint8)
    assert to_gray(image, "mono8") is image


def test_colours_are_weighed_by_channel_order() -> None:
    """rgb8 and bgr8 of one scene give one grey image, from read-only and strided views too."""
    rgb = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    expected = np.rint(rgb @ np.array([0.299, 0.587, 0.114]))
    bgr = rgb[..., ::-1].copy()
    padded = np.zeros((30, 50, 3), np.uint8)
    padded[:, :40] = bgr
    rgb.flags.writeable = False
    for gray in (to_gray(rgb, "rgb8"), to_gray(bgr, "bgr8"), to_gray(padded[:, :40], "bgr8")):
        assert gray.dtype == np.uint8
        np.testing.assert_allclose(gray, expected, atol=1)


def test_grey_stored_as_colour_stays_the_same() -> None:
    """A grey file gives the same grey image whether it is decoded to one channel or to three."""
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    np.testing.assert_array_equal(to_gray(np.dstack([ramp] * 3), "bgr8"), ramp)


def test_16_bit_is_stretched_to_its_range() -> None:
    """The darkest pixel becomes 0, the brightest 255; a constant image is black."""
    image = np.array([[1000, 1500], [2000, 3000]], np.uint16)
    np.testing.assert_allclose(to_gray(image, "16UC1"), [[0, 64], [128, 255]], atol=1)
    np.testing.assert_array_equal(to_gray(np.full((2, 3), 700, np.uint16), "16UC1"), np.zeros((2, 3)))


@pytest.mark.parametrize(
    ("image", "encoding"),
    [
        (np.zeros((4, 5), np.float32), "32FC1"),
        (np.zeros((4, 5), np.uint8), "yuv422"),
        (np.zeros((4, 5), np.uint8), "rgb8"),
        (np.zeros((4, 5, 4), np.uint8), "bgr8"),
        (np.zeros((4, 5, 3), np.uint8), "mono8"),
        (np.zeros((4, 5), np.uint8), "16UC1"),
        (np.zeros(5, np.uint8), "mono8"),
    ],
)
def test_other_images_are_refused(image: np.ndarray, encoding: str) -> None:
    """The error says what was got and expected."""
    with pytest.raises(DetectorImageError, match="expected"):
        to_gray(image, encoding)


@pytest.mark.parametrize(("shape", "encoding"), [((0, 5, 3), "rgb8"), ((0, 5), "mono8"), ((0, 0), "16UC1")])
def test_empty_images_stay_empty(shape: tuple[int, ...], encoding: str) -> None:
    """An image without pixels is grey already."""
    image = np.zeros(shape, np.uint16 if encoding == "16UC1" else np.uint8)
    assert to_gray(image, encoding).shape == shape[:2]
