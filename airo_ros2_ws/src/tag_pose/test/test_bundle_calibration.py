"""Layouts are measured from images, and what is missing is said."""

from __future__ import annotations

import numpy as np
import pytest
from bundles import CAMERA, SIZE, body, observations, placed, random_pose
from tag_renderer import render

from airo_frames.rotation import angle_between
from tag_pose.bundle import BundleLayout
from tag_pose.bundle_calibration import calibrate_bundle
from tag_pose.detector_settings import DetectorSettings
from tag_pose.exceptions import BundleCalibrationError
from tag_pose.locator import TagLocator
from tag_pose.observation import DetectedTag, TagObservation
from tag_pose.tagger import Tagger


def views_of(layout: BundleLayout, count: int, *, shown: tuple[int, ...] | None = None, seed: int = 0) -> list[list]:
    """Return the located tags of some images with noisy corners; only some of the tags when told which."""
    rng = np.random.default_rng(seed)
    locator = TagLocator(tag_size=SIZE)
    views = []
    for _ in range(count):
        seen = observations(layout, random_pose(rng), noise=0.05, rng=rng)
        seen = [tag for index, tag in enumerate(seen) if shown is None or index in shown]
        locator.forget()
        views.append(locator.locate(seen, intrinsics=CAMERA))
    return views


def largest_errors(found: BundleLayout, truth: BundleLayout) -> tuple[float, float]:
    """Return the largest error of the tags' positions, m, and rotations, degrees."""
    positions, rotations = [], []
    for one, other in zip(found.tags, truth.tags, strict=True):
        assert one.name == other.name
        positions.append(np.linalg.norm(one.bundle_from_tag[:3, 3] - other.bundle_from_tag[:3, 3]))
        rotations.append(np.degrees(angle_between(one.bundle_from_tag[:3, :3], other.bundle_from_tag[:3, :3])))
    return max(positions), max(rotations)


@pytest.mark.parametrize("folded", [True, False])
def test_rendered_images_give_the_layout(backend: str, folded: bool) -> None:
    """From pixels to the layout: 0.2 mm and 0.3 degrees, and the stated uncertainty is of the size of the errors."""
    truth = body(5, folded=folded)
    rng = np.random.default_rng(1)
    views = []
    with Tagger(DetectorSettings(backend=backend), tag_size=SIZE) as tagger:
        for _ in range(8):
            image = render(
                placed(truth, random_pose(rng)),
                size_wh=(640, 480),
                intrinsics=CAMERA,
                noise=2.0,
                rng=rng,
                supersampling=6,
            )
            views.append(tagger.process(image, intrinsics=CAMERA))
            tagger.forget()
    result = calibrate_bundle(views, intrinsics=CAMERA, name="body", frame="body_link", backend=backend)
    position, rotation = largest_errors(result.layout, truth)
    assert position < 2e-4 and rotation < 0.3
    assert result.reprojection_rms_px < 0.15
    assert (result.layout.name, result.layout.frame, result.origin) == ("body", "body_link", ("tag36h11", 10))
    assert result.position_sigmas[("tag36h11", 10)] == 0.0
    assert position < 6 * max(result.position_sigmas.values()) < 2e-3
    assert result.images == 8 and not result.outlying


def test_tags_never_seen_with_the_origin_are_reached() -> None:
    """Images that share tags in a chain connect all of them."""
    truth = body(5)
    chain = [(0, 1), (1, 2), (2, 3), (3, 4)]
    views = [view for number, pair in enumerate(chain) for view in views_of(truth, 5, shown=pair, seed=number)]
    position, rotation = largest_errors(calibrate_bundle(views, intrinsics=CAMERA).layout, truth)
    assert position < 2e-3 and rotation < 2.0


def test_any_tag_may_be_the_origin() -> None:
    """Its frame becomes that of the bundle."""
    truth = body()
    result = calibrate_bundle(views_of(truth, 6), intrinsics=CAMERA, origin=("tag36h11", 12))
    first = np.linalg.inv(truth.tags[2].bundle_from_tag)
    np.testing.assert_array_equal(result.layout.tags[2].bundle_from_tag, np.eye(4))
    for one, other in zip(result.layout.tags, truth.tags, strict=True):
        np.testing.assert_allclose(one.bundle_from_tag, first @ other.bundle_from_tag, atol=6e-3)


def test_a_tag_that_moved_in_one_image_is_left_out() -> None:
    """It is named with its image, and the layout is as good as without it."""
    truth = body()
    views = views_of(truth, 8)
    wrong = views[3][2].observation
    moved = wrong.corners + [9.0, -7.0]
    views[3][2] = DetectedTag(
        TagObservation(wrong.tag_id, wrong.family, 0, 50.0, moved.mean(axis=0), moved), SIZE, views[3][2].pose
    )
    result = calibrate_bundle(views, intrinsics=CAMERA)
    assert result.outlying == [(3, ("tag36h11", 12))]
    position, _ = largest_errors(result.layout, truth)
    assert position < 5e-4
    assert result.views[("tag36h11", 12)] == 7


def test_too_few_images_are_refused() -> None:
    """Also images that show one tag each do not count."""
    truth = body()
    for views in ([], views_of(truth, 2), views_of(truth, 9, shown=(1,))):
        with pytest.raises(BundleCalibrationError, match="images are too few: .* expected at least 3"):
            calibrate_bundle(views, intrinsics=CAMERA)


def test_unconnected_tags_are_named() -> None:
    """The groups are listed."""
    truth = body()
    views = views_of(truth, 4, shown=(0, 1)) + views_of(truth, 4, shown=(2, 3))
    with pytest.raises(BundleCalibrationError, match=r"tag36h11:10, tag36h11:11 \| tag36h11:12, tag36h11:13"):
        calibrate_bundle(views, intrinsics=CAMERA)


def test_rare_tags_and_unknown_origins_are_named() -> None:
    """A tag seen in one image only, and an origin that is not there."""
    truth = body()
    views = views_of(truth, 4, shown=(0, 1, 2)) + views_of(truth, 1)
    with pytest.raises(BundleCalibrationError, match="tag36h11:13: seen together"):
        calibrate_bundle(views, intrinsics=CAMERA)
    with pytest.raises(BundleCalibrationError, match="origin tag36h11:77 is not seen"):
        calibrate_bundle(views_of(truth, 4), intrinsics=CAMERA, origin=("tag36h11", 77))
