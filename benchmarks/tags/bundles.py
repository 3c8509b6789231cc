"""Four tags on a board against one of them, and a board with one tag in a wrong place."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from airo_frames.intrinsics import Intrinsics
from airo_frames.rotation import angle_between
from tag_pose.bundle import BundleLayout, BundleTag
from tag_pose.detector_settings import DetectorSettings
from tag_pose.tagger import Tagger
from tags.scenes import FOCAL, blank, draw, facing, finished, truth_of

__all__ = ["run_bundles"]

SIDE_PX = 48
TAG_SIZE, BOARD = 0.08, 0.3  # m: edge of a tag, and of the square whose corners are the centres of the tags
SIZE_WH = (480, 480)


def run_bundles(backend: str, *, count: int, seed: int) -> list[dict[str, Any]]:
    """Return the errors of one tag, of the whole board, and of the board when one tag is not where it should be."""
    rng = np.random.default_rng([seed, 4])
    camera = Intrinsics.pinhole(FOCAL, FOCAL, (SIZE_WH[0] - 1) / 2, (SIZE_WH[1] - 1) / 2)
    right, wrong = _layout(0.0), _layout(0.04)
    errors: dict[str, list[tuple[float, float, float]]] = {"one tag": [], "four tags": [], "one of four misplaced": []}
    settings = DetectorSettings(backend=backend)
    taggers = [Tagger(settings, tag_size=TAG_SIZE, bundles=[layout]) for layout in (right, wrong)]
    for _ in range(count):
        image, pose = _board(right, camera, rng)
        for tagger, name in zip(taggers, ("four tags", "one of four misplaced"), strict=True):
            tagger.locator.forget_poses()
            tags = tagger.process(image, intrinsics=camera)
            for bundle in tagger.locate_bundles(tags, intrinsics=camera):
                errors[name].append(_error(bundle.camera_from_bundle, pose, bundle.covariance))
            if name == "four tags":
                errors["one tag"] += [
                    _error(tag.pose.camera_from_tag, pose @ right.tags[tag.observation.tag_id].bundle_from_tag, None)
                    for tag in tags
                    if tag.pose is not None and tag.observation.tag_id < len(right.tags)
                ]
    for tagger in taggers:
        tagger.close()
    return [_row(backend, name, found) for name, found in errors.items()]


def _layout(offset: float) -> BundleLayout:
    """Return the board; its last tag is said to be some metres away from where it is."""
    half = BOARD / 2
    tags = []
    for number, (x, y) in enumerate(((-half, -half), (half, -half), (half, half), (-half, half + offset))):
        pose = np.eye(4)
        pose[:2, 3] = x, y
        tags.append(BundleTag("tag36h11", number, TAG_SIZE, pose))
    return BundleLayout("board", tuple(tags))


def _board(layout: BundleLayout, camera: Intrinsics, rng: np.random.Generator) -> tuple[Any, Any]:
    pose = np.eye(4)
    tilt, axis, roll = rng.uniform(0, 45), rng.uniform(0, 360), rng.uniform(0, 360)
    pose[:3, :3] = facing(np.zeros(2), tilt=tilt, axis=axis, roll=roll)
    pose[:3, 3] = 0.0, 0.0, FOCAL * TAG_SIZE / SIDE_PX
    canvas = blank(SIZE_WH)
    for tag in layout.tags:
        truth = truth_of(tag.tag_id, pose @ tag.bundle_from_tag, size=tag.size, intrinsics=camera)
        draw(truth, canvas, blur=0.6, intrinsics=camera)
    return finished(canvas, noise=2.0, rng=rng), pose


def _error(found: Any, truth: Any, covariance: Any) -> tuple[float, float, float]:
    """Return degrees, % of range and normalised squared error / 6 (nan without a covariance)."""
    degrees = float(np.degrees(angle_between(found[:3, :3], truth[:3, :3])))
    offset = truth[:3, 3] - found[:3, 3]
    percent = 100 * float(np.linalg.norm(offset) / np.linalg.norm(truth[:3, 3]))
    if covariance is None:
        return degrees, percent, float("nan")
    error = np.concatenate([offset, cv2.Rodrigues(truth[:3, :3] @ found[:3, :3].T)[0].reshape(3)])
    return degrees, percent, float(error @ np.linalg.solve(covariance, error)) / 6


def _row(backend: str, name: str, errors: list[tuple[float, float, float]]) -> dict[str, Any]:
    row: dict[str, Any] = {"backend": backend, "case": name, "count": len(errors)}
    if errors:
        degrees, percents, nees = np.array(errors).T
        row |= {
            "rotation_median_deg": float(np.median(degrees)),
            "rotation_p95_deg": float(np.percentile(degrees, 95)),
            "translation_median_percent": float(np.median(percents)),
            "nees": None if np.isnan(nees).any() else float(nees.mean()),
        }
    return row
