"""Tests of the simulated camera's depth and second view, against the truth of its scene."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from source_reading import retrieved

from airo_camera.exceptions import SourceReadError
from airo_camera.sources.scene import Scene
from airo_camera.sources.simulated import SimulatedSource
from airo_camera.sources.source import GrabbedImage, TagTruth
from airo_camera.sources.spec import make_source
from airo_frames import Intrinsics, unproject

PAPER_PER_TAG = 11 / 8  # one and a half white cells on each side of eight


def depth_of(source: Any, grabbed: GrabbedImage) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the depth and the confidence of what a source has grabbed."""
    width, height = grabbed.size_wh
    depth, confidence = np.empty((height, width), np.float32), np.empty((height, width), np.float32)
    source.retrieve_depth(depth)
    source.retrieve_confidence(confidence)
    return depth, confidence


def in_tag(points: NDArray[np.floating[Any]], tag: TagTruth) -> NDArray[np.float64]:
    """Return camera-frame points in the frame of a tag."""
    return (points.astype(np.float64) - tag.camera_from_tag[:3, 3]) @ tag.camera_from_tag[:3, :3]


def seen_at(tag: TagTruth, *, edge: float, intrinsics: Intrinsics) -> NDArray[np.intp]:
    """Return the (column, row) of the pixels at which a grid of points of a tag's paper is seen."""
    across = np.linspace(-edge / 2, edge / 2, 60)
    grid = np.stack(np.meshgrid(across, across, [0.0]), axis=-1).reshape(-1, 3)
    rotation, _ = cv2.Rodrigues(tag.camera_from_tag[:3, :3])
    pixels, _ = cv2.projectPoints(
        grid, rotation, tag.camera_from_tag[:3, 3], intrinsics.camera_matrix, intrinsics.distortion
    )
    return np.unique(np.rint(pixels.reshape(-1, 2)).astype(np.intp), axis=0)


@pytest.mark.parametrize(
    "lens", ["", "&k1=-0.2&k2=0.05&p1=0.002", "&width=641&height=479&tags=7&family=tag25h9&size=2"]
)
def test_depth_is_that_of_papers_and_wall(lens: str) -> None:
    """Over time, every point of the cloud lies in a paper's plane and inside of it, or on the wall; none is missing."""
    source = make_source("sim:tags?pace=fast&fps=1&depth=1" + lens)
    assert isinstance(source, SimulatedSource)
    with source:
        wall = Scene(source.options, intrinsics=source.options.intrinsics()).wall
        per_tag = 10 / 7 if "25h9" in lens else PAPER_PER_TAG
        for _ in range(5):
            grabbed = source.grab()
            assert grabbed.has_depth and grabbed.has_confidence and grabbed.intrinsics is not None
            depth, confidence = depth_of(source, grabbed)
            points = unproject(depth, intrinsics=grabbed.intrinsics)
            is_paper = np.zeros(depth.shape, bool)
            for tag in grabbed.tags:
                half = tag.size * per_tag / 2
                local = in_tag(points, tag)
                inside = (np.abs(local[..., 2]) < 1e-5 * tag.size) & (
                    np.abs(local[..., :2]).max(axis=-1) < 1.0001 * half
                )
                is_paper |= inside
                for column, row in seen_at(tag, edge=2 * half * 0.96, intrinsics=grabbed.intrinsics):
                    assert inside[row, column] and depth[row, column] < wall
                centre = np.rint(tag.corners.mean(axis=0)).astype(int)
                assert depth[centre[1], centre[0]] == pytest.approx(tag.camera_from_tag[2, 3], rel=0.02)
            np.testing.assert_array_equal(depth[~is_paper], np.float32(wall))
            at_edge, near_edge = (
                cv2.morphologyEx(is_paper.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((size, size), np.uint8)) > 0
                for size in (3, 5)
            )
            unsure = confidence == 0.0
            assert set(np.unique(confidence)) == {0.0, 1.0}
            assert not (unsure & ~near_edge).any() and (unsure & at_edge).sum() > 0.7 * at_edge.sum()


def test_depth_belongs_to_the_image() -> None:
    """Where a paper is brighter than the wall in the image, its depth is there too."""
    with make_source("sim:tags?pace=fast&depth=1&noise=0&blur=0&encoding=mono8&fps=2") as source:
        for _ in range(3):
            grabbed = source.grab()
            assert grabbed is not None
            image = retrieved(source, grabbed)
            depth, confidence = depth_of(source, grabbed)
            is_paper = depth < depth.max()
            bright = image > 140  # the wall is at most 145 in light below 1
            assert not (bright & ~is_paper & (confidence == 1)).any()
            assert (bright & is_paper).sum() > 0.5 * is_paper.sum()


def test_what_is_out_of_range_has_no_depth() -> None:
    """Beyond the option range, depth is NaN; the rest is as without it."""
    depths = []
    for spec in ("sim:tags?pace=fast&depth=1", "sim:tags?pace=fast&depth=1&range=1.0"):
        with make_source(spec) as source:
            grabbed = source.grab()
            assert grabbed is not None
            depths.append(depth_of(source, grabbed)[0])
    whole, limited = depths
    np.testing.assert_array_equal(limited, np.where(whole <= 1.0, whole, np.nan))
    assert 0.0 < np.isfinite(limited).mean() < 0.5


def test_depth_of_a_still_scene_is_the_same_in_each_image() -> None:
    """With motion=0 nothing changes; drawing the second does not disturb the first."""
    with make_source("sim:tags?pace=fast&depth=1&motion=0&width=320&height=240") as source:
        depths = []
        for _ in range(3):
            grabbed = source.grab()
            assert grabbed is not None
            depths.append(depth_of(source, grabbed)[0])
    np.testing.assert_array_equal(depths[0], depths[1])
    np.testing.assert_array_equal(depths[0], depths[2])


def test_the_second_view_is_that_of_a_lens_to_the_right(detect: Any) -> None:
    """In the right image each tag's corners are where the truth, moved by the baseline, is seen."""
    baseline = 0.03
    with make_source(f"sim:tags?pace=fast&fps=1&stereo={baseline}&encoding=mono8&k1=-0.1") as source:
        errors = []
        for _ in range(10):
            grabbed = source.grab()
            assert grabbed is not None and grabbed.right is not None and grabbed.has_depth
            np.testing.assert_array_equal(grabbed.right.left_from_right[:3, 3], [baseline, 0, 0])
            assert grabbed.right.intrinsics is not None
            right = np.empty(grabbed.size_wh[::-1], np.uint8)
            source.retrieve_right(right)
            found = detect(right)
            right_from_left = np.linalg.inv(grabbed.right.left_from_right)
            for tag in grabbed.tags:
                half = tag.size / 2
                square = np.array([[-half, -half, 0], [half, -half, 0], [half, half, 0], [-half, half, 0]])
                pose = right_from_left @ tag.camera_from_tag
                pixels, _ = cv2.projectPoints(
                    square,
                    cv2.Rodrigues(pose[:3, :3])[0],
                    pose[:3, 3],
                    grabbed.right.intrinsics.camera_matrix,
                    grabbed.right.intrinsics.distortion,
                )
                if tag.tag_id in found:
                    errors.append(found[tag.tag_id] - pixels.reshape(4, 2))
    assert len(errors) >= 30
    assert np.sqrt(np.square(errors).mean()) < 0.1 and np.abs(np.concatenate(errors).mean(axis=0)).max() < 0.03


def test_both_views_show_one_wall() -> None:
    """A pixel of the wall in the right view looks as the pixel that sees the same point in the left view."""
    with make_source("sim:tags?pace=fast&stereo=0.05&tags=0&noise=0&encoding=mono8&width=640&height=480") as source:
        grabbed = source.grab()
        assert grabbed is not None and grabbed.intrinsics is not None
        left, right = retrieved(source, grabbed), np.empty((480, 640), np.uint8)
        source.retrieve_right(right)
        disparity = grabbed.intrinsics.camera_matrix[0, 0] * 0.05 / float(depth_of(source, grabbed)[0][0, 0])
    shift = np.array([[1.0, 0.0, -disparity], [0.0, 1.0, 0.0]])
    expected = cv2.warpAffine(left, shift, (640, 480), flags=cv2.INTER_LINEAR)
    shared = slice(0, 640 - int(disparity) - 2)
    difference = np.abs(right.astype(int) - expected.astype(int))[:, shared]
    assert disparity > 10 and difference.max() <= 2
    assert np.abs(right.astype(int) - left.astype(int)).max() > 5


def test_what_was_not_asked_for_is_refused() -> None:
    """Without the options there is neither depth nor a second view, and the error names the option."""
    with make_source("sim:tags?pace=fast&width=320&height=240") as source:
        grabbed = source.grab()
        assert grabbed is not None and not grabbed.has_depth and grabbed.right is None
        with pytest.raises(SourceReadError, match="depth=1"):
            source.retrieve_depth(np.empty((240, 320), np.float32))
        with pytest.raises(SourceReadError, match="stereo"):
            source.retrieve_right(np.empty((240, 320, 3), np.uint8))
