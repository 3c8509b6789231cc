"""Image files become JSON objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tag_renderer import PlacedTag, facing_camera, render, true_corners

from airo_frames.exceptions import ImageFileError
from airo_frames.image_file import read_image
from airo_frames.intrinsics import Intrinsics
from tag_pose.detect import detect_image_file
from tag_pose.detection_json import detection_as_dict
from tag_pose.observation import TagObservation
from tag_pose.tagger import DetectedTag, Tagger

INTRINSICS = Intrinsics.pinhole(600.0, 600.0, 99.5, 79.5)
TAG = PlacedTag(11, 0.1, facing_camera((0.01, 0.0, 1.0), tilt=35.0))
IMAGE = render([TAG], size_wh=(200, 160), intrinsics=INTRINSICS)
KEYS = [
    "id",
    "family",
    "hamming",
    "decision_margin",
    "center",
    "corners",
    "position",
    "quaternion_xyzw",
    "reprojection_error_px",
    "alternative",
    "ambiguous",
    "covariance",
]
POSE_KEYS = ["position", "quaternion_xyzw", "reprojection_error_px", "alternative", "ambiguous", "covariance"]


@pytest.fixture
def tagger() -> Iterator[Tagger]:
    """A tagger of tags of 0.1 m."""
    with Tagger(tag_size=0.1) as tagger:
        yield tagger


def detect(path: Path, tagger: Tagger, intrinsics: Intrinsics | None = INTRINSICS) -> dict[str, Any]:
    """Return the JSON object as a reader of the output gets it."""
    result: dict[str, Any] = json.loads(
        json.dumps(detect_image_file(path, tagger=tagger, intrinsics=intrinsics).as_dict(), allow_nan=False)
    )
    return result


def written(path: Path, image: np.ndarray) -> Path:
    """Write an image file."""
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


def test_object_has_the_documented_fields(tmp_path: Path, tagger: Tagger) -> None:
    """One object per image; one detection in it, with a pose that is right."""
    path = written(tmp_path / "tag.png", IMAGE)
    result = detect(path, tagger)
    assert list(result) == ["image", "width", "height", "detector_time_ms", "detections"]
    assert (result["image"], result["width"], result["height"]) == (str(path), 200, 160)
    assert result["detector_time_ms"] > 0
    (detection,) = result["detections"]
    assert list(detection) == KEYS
    assert (detection["id"], detection["family"], detection["hamming"]) == (11, "tag36h11", 0)
    np.testing.assert_allclose(detection["corners"], true_corners(TAG, intrinsics=INTRINSICS), atol=0.3)
    np.testing.assert_allclose(detection["position"], TAG.camera_from_tag[:3, 3], atol=0.005)
    assert np.linalg.norm(detection["quaternion_xyzw"]) == pytest.approx(1.0)
    assert np.shape(detection["covariance"]) == (36,)
    assert detection["ambiguous"] is False
    assert list(detection["alternative"]) == ["position", "quaternion_xyzw", "reprojection_error_px"]
    assert detection["alternative"]["reprojection_error_px"] > detection["reprojection_error_px"]


def test_pose_fields_are_null_without_intrinsics(tmp_path: Path, tagger: Tagger) -> None:
    """All keys stay, so that readers need not look which are there."""
    (detection,) = detect(written(tmp_path / "tag.png", IMAGE), tagger, None)["detections"]
    assert list(detection) == KEYS
    assert all(detection[key] is None for key in POSE_KEYS)
    assert len(detection["corners"]) == 4


def test_numbers_are_plain() -> None:
    """Whatever numpy type comes in, JSON numbers come out."""
    corners = true_corners(TAG, intrinsics=INTRINSICS)
    seen = TagObservation(3, "tag36h11", 1, 31.5, corners.mean(axis=0), corners)
    fields = detection_as_dict(DetectedTag(seen, None, None))
    assert json.loads(json.dumps(fields, allow_nan=False)) == fields
    assert type(fields["corners"][0][0]) is float  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "image", "encoding"),
    [
        ("grey.png", IMAGE, "mono8"),
        ("colour.png", np.dstack([IMAGE] * 3), "bgr8"),
        ("alpha.png", np.dstack([IMAGE] * 3 + [np.full_like(IMAGE, 255)]), "bgr8"),
        ("deep.png", IMAGE.astype(np.uint16) * 200, "16UC1"),
        ("deep_colour.png", np.dstack([IMAGE.astype(np.uint16) * 257] * 3), "bgr8"),
    ],
)
def test_files_of_any_depth_show_the_same_tag(
    tmp_path: Path, tagger: Tagger, name: str, image: np.ndarray, encoding: str
) -> None:
    """Grey, colour, transparent and 16-bit files are read as what they are."""
    path = written(tmp_path / name, image)
    assert read_image(path)[1] == encoding
    (detection,) = detect(path, tagger)["detections"]
    assert detection["id"] == 11
    np.testing.assert_allclose(detection["corners"], true_corners(TAG, intrinsics=INTRINSICS), atol=0.3)


def test_result_depends_on_the_file_alone(tmp_path: Path, tagger: Tagger) -> None:
    """Images seen before leave no trace in the poses."""
    first = written(tmp_path / "first.png", IMAGE)
    small = PlacedTag(11, 0.1, facing_camera((0.0, 0.0, 2.2), tilt=10.0))
    second = written(tmp_path / "second.png", render([small], size_wh=(200, 160), intrinsics=INTRINSICS, noise=3.0))
    fresh = detect(second, tagger)["detections"]
    detect(first, tagger)
    assert detect(second, tagger)["detections"] == fresh


@pytest.mark.parametrize("content", [None, b"", b"no image", b"\x89PNG\r\n\x1a\n"])
def test_unreadable_file_is_named(tmp_path: Path, tagger: Tagger, content: bytes | None) -> None:
    """A missing, empty or damaged file, and a folder, are one clear error."""
    path = tmp_path / "broken.png"
    if content is not None:
        path.write_bytes(content)
    for wrong in (path, tmp_path):
        with pytest.raises(ImageFileError, match=wrong.name):
            detect_image_file(wrong, tagger=tagger, intrinsics=None)
