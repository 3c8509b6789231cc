"""The detector finds rendered tags where they are, and nothing in frames without tags."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tag_renderer import PlacedTag, facing_camera, render, true_corners

from airo_frames.intrinsics import Intrinsics
from tag_pose.detector import DetectorSettings, TagDetector, TagObservation
from tag_pose.exceptions import DetectorImageError
from tag_pose.observation import TagObservation as Observation

SIZE_WH = (200, 160)
INTRINSICS = Intrinsics.pinhole(600.0, 600.0, 99.5, 79.5)
TAG_SIZE = 0.1


def random_tag(rng: np.random.Generator, *, side_px: float, max_tilt: float = 60.0) -> PlacedTag:
    """Return a tag near the middle of the image."""
    distance = 600.0 * TAG_SIZE / side_px
    position = (*(rng.uniform(-10, 10, 2) * distance / 600.0), distance)
    pose = facing_camera(
        position, tilt=rng.uniform(0, max_tilt), tilt_axis=rng.uniform(0, 360), roll=rng.uniform(0, 360)
    )
    return PlacedTag(int(rng.integers(587)), TAG_SIZE, pose)


def image_with_tag(tag_id: int = 7, *, side_px: float = 48.0) -> NDArray[np.uint8]:
    """Return an image of one upright tag."""
    tag = PlacedTag(tag_id, TAG_SIZE, facing_camera((0.0, 0.0, 600.0 * TAG_SIZE / side_px)))
    return render([tag], size_wh=SIZE_WH, intrinsics=INTRINSICS)


@pytest.mark.parametrize(("decimate", "side_px"), [(1.0, 48.0), (1.0, 96.0), (1.5, 96.0), (2.0, 96.0)])
def test_corners_are_where_they_were_rendered(backend: str, decimate: float, side_px: float) -> None:
    """Corners follow OpenCV's pixel convention without bias and come in AprilTag's order."""
    rng = np.random.default_rng(1)
    errors = []
    with TagDetector(DetectorSettings(backend=backend, decimate=decimate)) as detector:
        for _ in range(30):
            tag = random_tag(rng, side_px=side_px)
            image = render([tag], size_wh=SIZE_WH, intrinsics=INTRINSICS, noise=2.0, rng=rng)
            (found,) = detector.detect(image)
            assert (found.tag_id, found.family, found.hamming) == (tag.tag_id, "tag36h11", 0)
            errors.append(found.corners - true_corners(tag, intrinsics=INTRINSICS))
    assert np.abs(np.mean(errors, axis=(0, 1))).max() < 0.02
    assert np.sqrt(np.mean(np.square(errors))) < 0.07


def test_corners_of_upright_tag_start_at_bottom_left(backend: str) -> None:
    """The order is bottom-left, bottom-right, top-right, top-left; the centre is in the middle."""
    with TagDetector(DetectorSettings(backend=backend)) as detector:
        (found,) = detector.detect(image_with_tag(side_px=48.0))
    middle = np.array([99.5, 79.5])
    expected = middle + 24.0 * np.array([[-1, 1], [1, 1], [1, -1], [-1, -1]])
    np.testing.assert_allclose(found.corners, expected, atol=0.25)
    np.testing.assert_allclose(found.center, middle, atol=0.25)
    assert found.corners.dtype == found.center.dtype == np.float64


def test_every_tag_in_view_is_found_and_sorted(backend: str) -> None:
    """Results come by family, id and position."""
    ids = [5, 3, 3, 586]
    tags = [
        PlacedTag(tag_id, TAG_SIZE, facing_camera((0.2 * (index - 1.5), 0.0, 1.5))) for index, tag_id in enumerate(ids)
    ]
    image = render(tags, size_wh=(400, 160), intrinsics=Intrinsics.pinhole(600.0, 600.0, 199.5, 79.5))
    with TagDetector(DetectorSettings(backend=backend)) as detector:
        found = detector.detect(image)
    assert [tag.tag_id for tag in found] == [3, 3, 5, 586]
    assert found[0].center[0] < found[1].center[0]


def test_several_families_in_one_detector(backend: str) -> None:
    """A family beside others finds the same tags as on its own."""
    image = image_with_tag()
    with (
        TagDetector(DetectorSettings(backend=backend)) as alone,
        TagDetector(DetectorSettings(families=("25h9", "41h12", "36h11"), backend=backend)) as together,
    ):
        (expected,), (found,) = alone.detect(image), together.detect(image)
    assert (found.family, found.tag_id) == (expected.family, expected.tag_id)
    np.testing.assert_array_equal(found.corners, expected.corners)


@pytest.mark.parametrize(
    "family", ["tag16h5", "tag25h9", "tagCircle21h7", "tagCircle49h12", "tagCustom48h12", "tagStandard52h13"]
)
def test_every_family_can_be_opened(backend: str, family: str) -> None:
    """Large families work within memory that is there."""
    with TagDetector(DetectorSettings(families=(family,), backend=backend)) as detector:
        assert all(found.family == family for found in detector.detect(image_with_tag()))


def test_read_only_and_strided_images_are_read_in_place(backend: str) -> None:
    """Views of shared memory and crops need no copy by the caller, and stay as they were."""
    image = image_with_tag()
    expected_image = image.copy()
    padded = np.zeros((image.shape[0], image.shape[1] + 24), np.uint8)
    padded[:, :-24] = image
    every_second = np.repeat(np.repeat(image, 2, axis=0), 2, axis=1)
    image.flags.writeable = False
    with TagDetector(DetectorSettings(backend=backend)) as detector:
        results = [detector.detect(view) for view in (image, padded[:, :-24], every_second[::2, ::2])]
    for (found,) in results:
        np.testing.assert_array_equal(found.corners, results[0][0].corners)
    np.testing.assert_array_equal(image, expected_image)


@pytest.mark.parametrize("settings", [{}, {"decimate": 1.5}, {"decimate": 4.0}, {"blur_sigma": 5.0}])
def test_frames_without_tags_have_none(backend: str, settings: dict[str, Any]) -> None:
    """Tiny, constant and random frames are survived, whatever the settings."""
    rng = np.random.default_rng(2)
    with TagDetector(DetectorSettings(backend=backend, **settings)) as detector:
        for shape in [
            (0, 0),
            (0, 9),
            (1, 1),
            (3, 40),
            (7, 7),
            (8, 8),
            (9, 300),
            (21, 22),
            (32, 32),
            (33, 31),
            (120, 160),
        ]:
            for image in (
                np.zeros(shape, np.uint8),
                np.full(shape, 255, np.uint8),
                rng.integers(0, 256, shape, np.uint8),
            ):
                assert detector.detect(image) == []


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((20, 20, 3), np.uint8),
        np.zeros((20, 20), np.float32),
        np.zeros((20, 20), np.uint16),
        np.zeros(400, np.uint8),
        [[0, 1]],
    ],
)
def test_wrong_image_is_refused(image: Any) -> None:
    """What is no grey image is an error that says what was got and expected."""
    with TagDetector() as detector, pytest.raises(DetectorImageError, match=r"image .* expected .*uint8"):
        detector.detect(image)


def test_doubtful_tags_are_dropped(backend: str) -> None:
    """Tags below the margin, or with more corrected bits than allowed, are not returned."""
    image = image_with_tag()
    tag = PlacedTag(7, TAG_SIZE, facing_camera((0.0, 0.0, 1.25)))
    (left, top), cell = true_corners(tag, intrinsics=INTRINSICS)[3], 6
    damaged = image.copy()
    rows = slice(int(top) + cell + 1, int(top) + 2 * cell + 1)
    columns = slice(int(left) + cell + 1, int(left) + 2 * cell + 1)
    damaged[rows, columns] = 250 - damaged[rows, columns]  # one bit, the first of the tag
    with TagDetector(DetectorSettings(backend=backend)) as tolerant:
        (found,) = tolerant.detect(damaged)
        assert found.hamming == 1
    with TagDetector(DetectorSettings(backend=backend, max_hamming=0)) as strict:
        assert strict.detect(damaged) == []
        assert len(strict.detect(image)) == 1
    with TagDetector(DetectorSettings(backend=backend, min_decision_margin=1000.0)) as doubting:
        assert doubting.detect(damaged) == []


def test_sharpening_is_not_cut_to_an_integer(backend: str) -> None:
    """A fraction changes the decision margin, as it should."""
    margins = []
    for sharpening in (0.0, 0.25, 0.75):
        with TagDetector(DetectorSettings(backend=backend, sharpening=sharpening)) as detector:
            margins.append(detector.detect(image_with_tag())[0].decision_margin)
    assert margins[0] < margins[1] < margins[2]


def test_same_tag_found_twice_is_returned_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of overlapping detections with one family and id the surest stays; a neighbour with the same id stays too."""

    def square(x: float, *, hamming: int = 0, margin: float = 50.0, tag_id: int = 1) -> TagObservation:
        corners = np.array([[x - 10, 10], [x + 10, 10], [x + 10, -10], [x - 10, -10]], float)
        return Observation(tag_id, "tag36h11", hamming, margin, np.array([x, 0.0]), corners)

    seen = [
        square(0.0),
        square(1.0, margin=90.0),
        square(2.0, hamming=1, margin=99.0),
        square(40.0),
        square(0.0, tag_id=2),
    ]
    with TagDetector() as detector:
        monkeypatch.setattr(detector._backend, "detect", lambda gray: seen)
        found = detector.detect(np.zeros((20, 20), np.uint8))
    assert [(tag.tag_id, tag.center[0]) for tag in found] == [(1, 1.0), (1, 40.0), (2, 0.0)]
