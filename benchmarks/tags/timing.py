"""What poses cost beside the detector."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

import numpy as np

from airo_frames.intrinsics import Intrinsics
from tag_pose.corner_refinement import refined_corners
from tag_pose.detector import TagDetector
from tag_pose.detector_settings import DetectorSettings
from tag_pose.observation import TagObservation
from tag_pose.tagger import Tagger
from tags.scenes import TAG_SIZE, blank, draw, facing, finished, truth_of

__all__ = ["run_timing"]

SIZE_WH = (1920, 1080)
FOCAL = 1400.0
TAGS = 6


def run_timing(*, is_quick: bool) -> list[dict[str, Any]]:
    """Return medians over a moving 1080p scene: detector, refinement as part of it, poses by a lens and a pinhole."""
    rounds = 5 if is_quick else 24
    centre = ((SIZE_WH[0] - 1) / 2, (SIZE_WH[1] - 1) / 2)
    pinhole = Intrinsics.pinhole(FOCAL, FOCAL, *centre)
    lens = Intrinsics(pinhole.camera_matrix, np.array([-0.2, 0.05, 0.001, -0.001, 0.0]))
    rows = []
    for backend in ("pupil", "pyapriltags"):
        bare = DetectorSettings(backend=backend, corner_refinement="none")
        with (
            Tagger(DetectorSettings(backend=backend), tag_size=TAG_SIZE) as tagger,
            TagDetector(bare) as library,
        ):
            secs: dict[str, list[float]] = {"detector": [], "refinement": [], "poses": [], "poses_distorted": []}
            for number in range(rounds):
                image = _image(pinhole, np.random.default_rng([number // 4, 9]))
                start = time.perf_counter()
                seen = tagger.detect(image, intrinsics=pinhole)
                secs["detector"].append(time.perf_counter() - start)
                secs["refinement"].append(_refinement_secs(image, library.detect(image), pinhole))
                secs["poses"].append(_pose_secs(tagger, seen, pinhole))
                secs["poses_distorted"].append(_pose_secs(tagger, seen, lens))
            rows.append(
                {"backend": backend, "tags": len(seen)} | {f"{name}_ms": 1e3 * median(s) for name, s in secs.items()}
            )
    return rows


def _refinement_secs(image: Any, seen: list[TagObservation], intrinsics: Intrinsics) -> float:
    corners = np.stack([tag.corners for tag in seen])
    start = time.perf_counter()
    refined_corners(image, corners, intrinsics=intrinsics)
    return time.perf_counter() - start


def _pose_secs(tagger: Tagger, seen: list[TagObservation], intrinsics: Intrinsics) -> float:
    start = time.perf_counter()
    tagger.locate(seen, intrinsics=intrinsics)
    return time.perf_counter() - start


def _image(camera: Intrinsics, rng: np.random.Generator) -> Any:
    canvas = blank(SIZE_WH)
    for tag_id in range(TAGS):
        ray = np.array([(tag_id % 3 - 1) * 0.4, (tag_id // 3 - 0.5) * 0.4]) + rng.uniform(-0.02, 0.02, 2)
        pose = np.eye(4)
        tilt, axis, roll = rng.uniform(10, 45), rng.uniform(0, 360), rng.uniform(0, 360)
        pose[:3, :3] = facing(ray, tilt=tilt, axis=axis, roll=roll)
        pose[:3, 3] = np.array([*ray, 1.0]) * rng.uniform(1.2, 2.0)
        draw(truth_of(tag_id, pose, size=TAG_SIZE, intrinsics=camera), canvas, blur=0.6, intrinsics=camera)
    return finished(canvas, noise=2.0, rng=rng)
