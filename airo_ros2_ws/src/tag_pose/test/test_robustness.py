"""Whatever comes, there are zero detections or an error of ours: no crash, no foreign exception."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tag_renderer import PlacedTag, facing_camera, render

from airo_frames.exceptions import FramesError
from airo_frames.intrinsics import Intrinsics
from tag_pose.detector import DetectorSettings, TagDetector
from tag_pose.exceptions import DetectorFailedError, PoseInputError, TagPoseError
from tag_pose.gray import to_gray
from tag_pose.locator import TagLocator
from tag_pose.search import TagSearch
from tag_pose.tracking import TagTracks

FRAMES = 1000
SIZES = [(1, 1), (1, 640), (640, 1), (2, 3), (7, 7), (8, 8), (9, 17), (13, 64), (64, 65), (121, 160), (240, 320)]
ENCODINGS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "mono8": (np.uint8, ()),
    "rgb8": (np.uint8, (3,)),
    "bgr8": (np.uint8, (3,)),
    "16UC1": (np.uint16, ()),
}
SETTINGS = [
    DetectorSettings(),
    DetectorSettings(families=("36h11", "25h9", "41h12", "circle21h7"), max_hamming=2, min_decision_margin=0.0),
    DetectorSettings(decimate=1.5, blur_sigma=0.8),
    DetectorSettings(decimate=8.0, refine_edges=False, sharpening=10.0),
    DetectorSettings(blur_sigma=5.0, sharpening=0.0),
]
NUMBERS = [0.0, -1.0, 1e-12, 1e12, float("nan"), float("inf"), 320.0, 600.0]


def random_image(rng: np.random.Generator, encoding: str) -> NDArray[Any]:
    """Return constant, noisy, striped or cut pixels of any size."""
    dtype, channels = ENCODINGS[encoding]
    height, width = SIZES[rng.integers(len(SIZES))]
    top = np.iinfo(dtype).max
    kind = rng.integers(5)
    if kind == 0:
        return np.full((height, width, *channels), rng.integers(top + 1), dtype)
    image = rng.integers(0, top + 1, (height, width, *channels), dtype=dtype)
    if kind == 1:
        image = np.where(image > top // 2, dtype(top), dtype(0))
    if kind == 2:
        image = np.broadcast_to(image[:1], image.shape)
    if kind == 3:
        image = image[::-1, ::-1]
    return image


def with_tag(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return an image of a tag, a part of which may lie outside."""
    intrinsics = Intrinsics.pinhole(300.0, 300.0, 80.0, 60.0)
    position = (*rng.uniform(-0.15, 0.15, 2), rng.uniform(0.3, 1.0))
    tag = PlacedTag(int(rng.integers(587)), 0.1, facing_camera(position, tilt=rng.uniform(0, 85)))
    return render([tag], size_wh=(160, 120), intrinsics=intrinsics, supersampling=2, noise=rng.uniform(0, 60), rng=rng)


def random_intrinsics(rng: np.random.Generator) -> Intrinsics:
    """Return intrinsics, often of any numbers; raises what is raised for those that cannot be."""
    if rng.random() < 0.5:
        return Intrinsics.pinhole(300.0, 300.0, 80.0, 60.0)
    fx, fy, cx, cy = (NUMBERS[rng.integers(len(NUMBERS))] for _ in range(4))
    distortion = rng.choice([0.0, 0.1, -5.0, 1e9], size=int(rng.integers(0, 16)))
    model = str(rng.choice(["plumb_bob", "rational_polynomial", "equidistant", "unknown", ""]))
    matrix = np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])
    return Intrinsics(matrix, distortion=distortion, distortion_model=model)


def test_a_thousand_random_and_malformed_frames(backend: str) -> None:
    """Images, intrinsics and sizes of any kind, one after the other through the same detectors and tracks."""
    rng = np.random.default_rng(42)
    tracks = TagTracks(period=5)
    searches = [
        TagSearch(DetectorSettings(**{**vars(settings), "backend": backend}), tracks=tracks if index else None)
        for index, settings in enumerate(SETTINGS)
    ]
    outcomes = {"tags": 0, "refused": 0, "empty": 0}
    for sequence in range(1, FRAMES + 1):
        encoding = str(rng.choice(list(ENCODINGS)))
        gray = with_tag(rng) if rng.random() < 0.2 else to_gray(random_image(rng, encoding), encoding)
        search = searches[rng.integers(len(searches))]
        result = search.find(gray, sequence=sequence)
        if result.plan is not None:
            tracks.update(result.plan, result.tags, was_whole=result.was_whole)
        assert result.failures == 0
        try:
            size = 0.1 if rng.random() < 0.7 else NUMBERS[rng.integers(len(NUMBERS))]
            tags = TagLocator(tag_size=size).locate(result.tags, intrinsics=random_intrinsics(rng))
        except (FramesError, TagPoseError):
            outcomes["refused"] += 1
            continue
        outcomes["tags" if tags else "empty"] += 1
        for tag in tags:
            assert tag.pose is None or np.isfinite(tag.pose.camera_from_tag).all()
    for search in searches:
        search.close()
    assert outcomes["tags"] > 10 and outcomes["refused"] > 100 and outcomes["empty"] > 50, outcomes


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((0, 0), np.uint8),
        np.zeros((0, 640), np.uint8),
        np.zeros((480, 640), np.float32),
        np.zeros((480, 640, 3), np.uint8),
        np.zeros(640, np.uint8),
        None,
        [[0, 1], [2, 3]],
    ],
    ids=lambda image: type(image).__name__ if not isinstance(image, np.ndarray) else f"{image.shape}{image.dtype}",
)
def test_what_is_no_grey_image(backend: str, image: Any) -> None:
    """It has no tags or is refused with our error, and the detector works on."""
    with TagDetector(DetectorSettings(backend=backend)) as detector:
        try:
            assert detector.detect(image) == []
        except TagPoseError as error:
            assert "expected" in str(error)
        good = render(
            [PlacedTag(3, 0.1, facing_camera((0.0, 0.0, 1.0)))],
            size_wh=(160, 120),
            intrinsics=Intrinsics.pinhole(600.0, 600.0, 79.5, 59.5),
        )
        assert [found.tag_id for found in detector.detect(good)] == [3]


@pytest.mark.parametrize("size", [0.0, -0.1, float("nan"), float("inf")])
def test_sizes_that_cannot_be_are_refused(size: float) -> None:
    """A size is a finite number above 0."""
    with pytest.raises(PoseInputError, match="finite number above 0"):
        TagLocator(tag_size=size)


def failing_detections(detector: TagDetector, monkeypatch: pytest.MonkeyPatch, *, times: int) -> None:
    """Let the library fail as a binding does that cannot create threads, for so many calls."""
    binding = detector._backend._binding
    detect, calls = binding.detect, iter(range(times))

    def failing(gray: NDArray[np.uint8]) -> Any:
        if next(calls, None) is not None:
            raise RuntimeError("Unable to create 1 threads for detector")
        return detect(gray)

    monkeypatch.setattr(binding, "detect", failing)


@pytest.mark.parametrize(("times", "retries", "failures", "tags"), [(1, 1, 0, 1), (2, 1, 1, 0)])
def test_failures_of_the_library_are_counted(
    backend: str, monkeypatch: pytest.MonkeyPatch, times: int, retries: int, failures: int, tags: int
) -> None:
    """It is asked once more; if it fails again the image counts as empty, and the next one works."""
    search = TagSearch(DetectorSettings(backend=backend))
    gray = render(
        [PlacedTag(3, 0.1, facing_camera((0.0, 0.0, 1.0)))],
        size_wh=(160, 120),
        intrinsics=Intrinsics.pinhole(600.0, 600.0, 79.5, 59.5),
    )
    failing_detections(search._detector, monkeypatch, times=times)
    found = search.find(gray, sequence=1)
    assert (found.retries, found.failures, len(found.tags)) == (retries, failures, tags)
    again = search.find(gray, sequence=2)
    assert (again.retries, again.failures, len(again.tags)) == (0, 0, 1)
    search.close()


def test_a_failure_says_what_failed(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error of a bare detector names the library and the image."""
    with TagDetector(DetectorSettings(backend=backend)) as detector:
        failing_detections(detector, monkeypatch, times=1)
        with pytest.raises(DetectorFailedError, match="failed at a 64x48 px image: Unable to create"):
            detector.detect(np.zeros((48, 64), np.uint8))


def test_no_detector_creates_threads(backend: str) -> None:
    """The library ends the process when it cannot create a thread, so it is told to create none."""
    with TagDetector(DetectorSettings(backend=backend)) as detector:
        assert detector._backend._binding.tag_detector_ptr.contents.nthreads == 1
