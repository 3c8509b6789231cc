"""Tracking finds what a search of the whole image finds, and looks at less."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from tag_renderer import PlacedTag, facing_camera, render

from airo_frames.intrinsics import Intrinsics
from tag_pose.changes import ImageChanges
from tag_pose.detector import DetectorSettings, TagDetector
from tag_pose.region import Region, merged
from tag_pose.search import SearchResult, TagSearch
from tag_pose.tracking import TagTracks

SIZE_WH = (640, 480)
INTRINSICS = Intrinsics.pinhole(600.0, 600.0, 319.5, 239.5)
SETTINGS = DetectorSettings()
Scene = Callable[[int], list[PlacedTag]]


def at(tag_id: int, x: float, y: float, *, z: float = 1.2) -> PlacedTag:
    """Return an upright tag of about 50 px whose middle is at a pixel."""
    return PlacedTag(tag_id, 0.1, facing_camera(((x - 319.5) * z / 600, (y - 239.5) * z / 600, z)))


def image(tags: Sequence[PlacedTag], *, seed: int = 0) -> NDArray[np.uint8]:
    """Return a noisy image."""
    rng = np.random.default_rng(seed)
    return render(tags, size_wh=SIZE_WH, intrinsics=INTRINSICS, supersampling=3, noise=2.0, rng=rng)


def follow(scene: Scene, *, frames: int, period: int = 1000) -> list[tuple[NDArray[np.uint8], SearchResult]]:
    """Search the images of a scene with tracking; only the first one as a whole unless a tag is lost."""
    tracks = TagTracks(period=period)
    search = TagSearch(SETTINGS, tracks=tracks)
    results = []
    for sequence in range(1, frames + 1):
        gray = image(scene(sequence), seed=sequence)
        found = search.find(gray, sequence=sequence)
        assert found.plan is not None
        tracks.update(found.plan, found.tags, was_whole=found.was_whole)
        results.append((gray, found))
    search.close()
    return results


SCENES: dict[str, tuple[Scene, int]] = {  # with how many images may be searched as a whole
    "tags at rest": (lambda n: [at(1, 100, 100), at(2, 500, 300)], 1),
    "slow": (lambda n: [at(1, 60 + 9 * n, 240), at(2, 500 - 3 * n, 400 - 6 * n)], 1),
    "fast": (lambda n: [at(1, 60 + 50 * n, 100 + 15 * n)], 2),
    "jumping": (lambda n: [at(1, 100 + 400 * (n % 2), 100 + 200 * (n // 2 % 2))], 12),
    "leaves and comes back": (lambda n: [at(1, 100, 100)] + ([at(2, 450, 300)] if n % 6 < 3 else []), 4),
    "several of one id": (lambda n: [at(3, 120, 120 + 4 * n), at(3, 320, 240), at(3, 520 - 5 * n, 360)], 1),
    "one of two of one id leaves": (lambda n: [at(3, 300, 240)] + ([at(3, 375, 240)] if n % 4 else []), 5),
    "appears in a scene without tags": (lambda n: [at(4, 320, 240)] if n > 5 else [], 1),
}


@pytest.mark.parametrize("name", SCENES)
def test_the_same_tags_as_in_the_whole_image(name: str) -> None:
    """Every image gives the same tags at the same place, though few images are searched as a whole."""
    scene, most_whole = SCENES[name]
    results = follow(scene, frames=12)
    differences = []
    with TagDetector(SETTINGS) as detector:
        for gray, found in results:
            expected = detector.detect(gray)
            assert [tag.tag_id for tag in found.tags] == [tag.tag_id for tag in expected]
            differences += [one.corners - other.corners for one, other in zip(found.tags, expected, strict=True)]
    # The library works in single precision: the same edge is rounded differently elsewhere in an image.
    assert np.abs(differences).max() < 0.15 and np.median(np.abs(differences)) < 0.001
    assert sum(found.was_whole for _, found in results) <= most_whole


def test_the_whole_image_every_so_often() -> None:
    """The period counts frames, also those that were not seen."""
    wholes = [found.was_whole for _, found in follow(lambda n: [at(1, 100, 100)], frames=10, period=4)]
    assert wholes == [True, False, False, False, True, False, False, False, True, False]


def test_another_image_size_begins_anew() -> None:
    """What was known of other images says nothing."""
    tracks = TagTracks(period=100)
    for sequence, size in enumerate([(480, 640), (480, 640), (240, 320), (240, 320)], start=1):
        plan = tracks.plan(np.full(size, 90, np.uint8), sequence=sequence)
        tracks.update(plan, [], was_whole=plan.regions is None)
        assert (plan.regions is None) == (sequence in (1, 3))


def test_several_workers_share_what_they_find() -> None:
    """An image whose search begins before the one before has a result is not taken for empty, and tags are not lost."""
    tracks = TagTracks(period=1000)
    searches = [TagSearch(SETTINGS, tracks=tracks) for _ in range(2)]
    wholes = []
    for first in range(1, 12, 2):
        results = []
        for sequence in (first, first + 1):  # both searched before either is published
            scene = [at(1, 100 + 6 * sequence, 240), *([at(2, 450, 300)] if sequence > 4 else [])]
            found = searches[sequence % 2].find(image(scene, seed=sequence), sequence=sequence)
            assert [tag.tag_id for tag in found.tags] == [tag.tag_id for tag in scene]
            results.append(found)
        for found in results:
            assert found.plan is not None
            tracks.update(found.plan, found.tags, was_whole=found.was_whole)
            wholes.append(found.was_whole)
    assert sum(wholes) == 2
    for search in searches:
        search.close()


def test_a_tag_that_another_worker_has_just_found_is_not_missed() -> None:
    """A plan made before a tag was known says nothing about it: it is expected in the image after."""
    tracks = TagTracks(period=1000)
    search = TagSearch(SETTINGS, tracks=tracks)
    gray = image([at(1, 320, 240)])
    empty = tracks.plan(image([]), sequence=1)
    tracks.update(empty, [], was_whole=True)
    early = tracks.plan(image([]), sequence=3)
    found = search.find(gray, sequence=2)
    assert found.plan is not None and len(found.tags) == 1
    tracks.update(found.plan, found.tags, was_whole=found.was_whole)
    tracks.update(early, [], was_whole=False)
    assert len(tracks.plan(gray, sequence=4).expected) == 1
    search.close()


def test_near_tags_are_seen_at_full_resolution() -> None:
    """With decimate, a small tag that a search of the smaller image loses is still followed."""
    tracks = TagTracks(period=1000)
    search = TagSearch(DetectorSettings(decimate=4.0), tracks=tracks)
    for sequence, z in enumerate(np.linspace(1.0, 2.9, 12), start=1):
        gray = image([at(1, 320, 240, z=z)])
        found = search.find(gray, sequence=sequence)
        assert found.plan is not None and [tag.tag_id for tag in found.tags] == [1]
        tracks.update(found.plan, found.tags, was_whole=found.was_whole)
    search.close()
    with TagDetector(DetectorSettings(decimate=4.0)) as detector:
        assert not detector.detect(gray)


def test_changes_are_found_and_forgotten() -> None:
    """A change is searched once; noise, another light and a moving camera are no change."""
    rng = np.random.default_rng(0)
    base = rng.integers(60, 190, (480, 640)).astype(np.float32)
    base = np.repeat(np.repeat(base[::8, ::8], 8, axis=0), 8, axis=1)

    def cells(picture: NDArray[np.float32]) -> NDArray[np.float32]:
        noisy = np.clip(picture + rng.normal(0, 5, picture.shape), 0, 255).astype(np.uint8)
        return ImageChanges.cells_of(noisy)

    changes = ImageChanges()
    assert changes.regions(cells(base), known=[], size_wh=SIZE_WH) == []
    changes.searched(cells(base), regions=None)
    assert changes.regions(cells(base + 20), known=[], size_wh=SIZE_WH) == []
    assert changes.regions(cells(np.roll(base, 40, axis=1)), known=[], size_wh=SIZE_WH) == []
    other = base.copy()
    other[200:248, 304:352] = 20
    (region,) = changes.regions(cells(other), known=[], size_wh=SIZE_WH)
    assert region.left <= 304 and region.right >= 352 and region.top <= 200 and region.bottom >= 248
    assert changes.regions(cells(other), known=[region], size_wh=SIZE_WH) == []
    changes.searched(cells(other), regions=[region])
    assert changes.regions(cells(other), known=[], size_wh=SIZE_WH) == []


def test_regions_lie_on_tiles_and_inside_the_image() -> None:
    """What is outside of the image is cut off, and far outside nothing is left."""
    assert Region.around((-20.0, 13.2, 101.5, 700.0), size_wh=SIZE_WH) == Region(0, 12, 104, 480)
    assert Region.around((700.0, 10.0, 800.0, 20.0), size_wh=SIZE_WH).area == 0


def test_regions_are_merged_where_it_pays() -> None:
    """Overlapping regions become one, distant ones stay, and all stays covered."""
    near, beside, far = Region(0, 0, 100, 100), Region(60, 0, 160, 100), Region(500, 400, 600, 480)
    assert sorted(merged([near, beside, far]), key=lambda region: region.left) == [Region(0, 0, 160, 100), far]
