"""Whole images: sizes, priors and what is missing."""

from __future__ import annotations

import numpy as np
import pytest
from tag_renderer import PlacedTag, facing_camera, render, true_corners

from airo_frames.intrinsics import Intrinsics
from airo_frames.rotation import angle_between
from tag_pose.exceptions import DetectorClosedError, PoseInputError
from tag_pose.observation import TagObservation
from tag_pose.tagger import PRIOR_LIFETIME_FRAMES, DetectedTag, Tagger

INTRINSICS = Intrinsics.pinhole(600.0, 600.0, 149.5, 79.5)


def observed(pose: np.ndarray, *, tag_id: int = 1, noise: np.ndarray | float = 0.0) -> TagObservation:
    """Return a tag of 0.1 m as a detector would see it."""
    corners = true_corners(PlacedTag(tag_id, 0.1, pose), intrinsics=INTRINSICS) + noise
    return TagObservation(tag_id, "tag36h11", 0, 50.0, corners.mean(axis=0), corners)


def test_image_becomes_tags_with_poses() -> None:
    """Each tag is located with its own size."""
    near, far = facing_camera((-0.1, 0.0, 1.0), tilt=30.0), facing_camera((0.1, 0.02, 1.2), tilt=40.0, roll=90.0)
    tags = [PlacedTag(4, 0.1, near), PlacedTag(9, 0.14, far)]
    image = render(tags, size_wh=(300, 160), intrinsics=INTRINSICS)
    with Tagger(tag_size=0.1, tag_sizes={9: 0.14}) as tagger:
        found = tagger.process(image, intrinsics=INTRINSICS)
    assert [(tag.observation.tag_id, tag.tag_size) for tag in found] == [(4, 0.1), (9, 0.14)]
    for tag, truth in zip(found, (near, far), strict=True):
        assert tag.pose is not None
        np.testing.assert_allclose(tag.pose.position, truth[:3, 3], atol=0.006)
        assert np.degrees(angle_between(tag.pose.camera_from_tag[:3, :3], truth[:3, :3])) < 1.0


def test_no_pose_without_intrinsics_or_size() -> None:
    """Tags whose pose cannot be known are still returned."""
    seen = [observed(facing_camera((0.0, 0.0, 1.0), tilt=30.0))]
    with Tagger(tag_size=0.1) as sized, Tagger(tag_sizes={2: 0.1}) as unsized:
        without_intrinsics = sized.locate(seen, intrinsics=None)
        without_size = unsized.locate(seen, intrinsics=INTRINSICS)
    assert [(tag.tag_size, tag.pose) for tag in without_intrinsics] == [(0.1, None)]
    assert [(tag.tag_size, tag.pose) for tag in without_size] == [(None, None)]


def test_degenerate_corners_cost_one_pose_only() -> None:
    """A tag whose corners give no pose does not disturb the others."""
    flat = TagObservation(5, "tag36h11", 0, 50.0, np.zeros(2), np.zeros((4, 2)))
    with Tagger(tag_size=0.1) as tagger:
        found = tagger.locate([observed(facing_camera((0.0, 0.0, 1.0))), flat], intrinsics=INTRINSICS)
    assert [tag.pose is None for tag in found] == [False, True]


class Ambiguous:
    """A tag whose noisy corners, without a prior, give the wrong one of two solutions."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.pose = facing_camera((0.0, 0.0, 2.0), tilt=25.0, tilt_axis=40.0)
        self.clear = observed(self.pose)
        with Tagger(tag_size=0.1) as tagger:
            while True:
                self.noisy = observed(self.pose, noise=rng.normal(0.0, 0.2, (4, 2)))
                tagger.forget()
                if not self.is_right(tagger.locate([self.noisy], intrinsics=INTRINSICS)[0]):
                    break

    def is_right(self, tag: DetectedTag) -> bool:
        """Return whether the tag has the true one of its two solutions."""
        assert tag.pose is not None
        return angle_between(tag.pose.camera_from_tag[:3, :3], self.pose[:3, :3]) < np.radians(25)


@pytest.fixture(scope="module")
def ambiguous() -> Ambiguous:
    """A tag that needs a prior."""
    return Ambiguous()


def test_last_pose_is_the_prior_of_the_next(ambiguous: Ambiguous) -> None:
    """After a clear view, an ambiguous one is understood; after forgetting it is not."""
    with Tagger(tag_size=0.1) as tagger:
        tagger.locate([ambiguous.clear], intrinsics=INTRINSICS)
        assert ambiguous.is_right(tagger.locate([ambiguous.noisy], intrinsics=INTRINSICS)[0])
        tagger.forget()
        assert not ambiguous.is_right(tagger.locate([ambiguous.noisy], intrinsics=INTRINSICS)[0])


@pytest.mark.parametrize(("gap", "is_remembered"), [(PRIOR_LIFETIME_FRAMES - 1, True), (PRIOR_LIFETIME_FRAMES, False)])
def test_prior_is_forgotten_after_some_frames(ambiguous: Ambiguous, gap: int, is_remembered: bool) -> None:
    """A tag that was away for long starts anew."""
    with Tagger(tag_size=0.1) as tagger:
        tagger.locate([ambiguous.clear], intrinsics=INTRINSICS)
        for _ in range(gap):
            tagger.locate([], intrinsics=INTRINSICS)
        assert ambiguous.is_right(tagger.locate([ambiguous.noisy], intrinsics=INTRINSICS)[0]) == is_remembered


def test_tags_that_share_an_id_share_no_prior(ambiguous: Ambiguous) -> None:
    """With two tags of one id in view, neither uses nor leaves a prior."""
    other = observed(facing_camera((0.3, 0.0, 2.0), tilt=50.0))
    with Tagger(tag_size=0.1) as tagger:
        tagger.locate([ambiguous.clear], intrinsics=INTRINSICS)
        assert not ambiguous.is_right(tagger.locate([ambiguous.noisy, other], intrinsics=INTRINSICS)[0])
        assert not ambiguous.is_right(tagger.locate([ambiguous.noisy], intrinsics=INTRINSICS)[0])


def test_wrong_sizes_and_models_are_refused() -> None:
    """What no image can be located with is an error at once, not a missing pose."""
    for arguments in ({"tag_size": 0.0}, {"tag_size": float("nan")}, {"tag_sizes": {3: -1.0}}):
        with pytest.raises(PoseInputError, match="tag size"):
            Tagger(**arguments)
    unknown = Intrinsics(INTRINSICS.camera_matrix, np.full(4, 0.1), "omnidirectional")
    with Tagger(tag_size=0.1) as tagger, pytest.raises(PoseInputError, match="omnidirectional"):
        tagger.locate([], intrinsics=unknown)


def test_closed_tagger_detects_no_more() -> None:
    """Leaving the block closes the detector."""
    with Tagger() as tagger:
        assert tagger.process(np.zeros((20, 20), np.uint8), intrinsics=None) == []
    with pytest.raises(DetectorClosedError):
        tagger.process(np.zeros((20, 20), np.uint8), intrinsics=None)
