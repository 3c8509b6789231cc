"""Tags survive the way into a message and back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from airo_camera_msgs.msg import TagDetections
from tag_renderer import PlacedTag, facing_camera, true_corners

from airo_frames.intrinsics import Intrinsics
from rclpy_loans import message_dtype
from tag_pose.detection_json import detection_as_dict
from tag_pose.messages import read_tags, write_tags
from tag_pose.observation import TagObservation
from tag_pose.pose import estimate_pose
from tag_pose.tagger import DetectedTag

INTRINSICS = Intrinsics.pinhole(600.0, 600.0, 319.5, 239.5)


def tag(tag_id: int, *, has_pose: bool = True) -> DetectedTag:
    """Return a tag whose pose has everything."""
    placed = PlacedTag(tag_id, 0.1, facing_camera((0.02, 0.01, 0.8), tilt=35.0))
    corners = true_corners(placed, intrinsics=INTRINSICS)
    seen = TagObservation(tag_id, "tagStandard41h12", 1, 55.5, corners.mean(axis=0), corners)
    pose = estimate_pose(corners, tag_size=0.1, intrinsics=INTRINSICS) if has_pose else None
    return DetectedTag(seen, 0.1 if has_pose else None, pose)


def message() -> np.ndarray:
    """Return a record full of rubbish, as a slot of shared memory is."""
    dtype = message_dtype(TagDetections)
    return np.frombuffer(bytearray(b"\xff" * dtype.itemsize), dtype).reshape(())


@pytest.mark.parametrize("count", [0, 1, 3, 128])
def test_tags_are_read_as_they_were_written(count: int) -> None:
    """Every field comes back, with and without a pose."""
    tags = [tag(index, has_pose=index != 1) for index in range(count)]
    record = message()
    write_tags(record, tags)
    assert (int(record["count"]), int(record["truncated"])) == (count, 0)
    for written, read in zip(tags, read_tags(record), strict=True):
        expected, found = detection_as_dict(written), detection_as_dict(read)
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            if value is None or isinstance(value, str | int | dict):
                assert type(found[key]) is type(value)
            else:
                np.testing.assert_allclose(found[key], value, rtol=1e-6, atol=1e-12)
        assert (read.tag_size, read.pose is None) == (written.tag_size, written.pose is None)


@pytest.mark.parametrize("is_ambiguous", [False, True])
def test_ambiguity_is_told(is_ambiguous: bool) -> None:
    """A reader knows what the errors alone would not tell it."""
    clear = tag(1)
    assert clear.pose is not None and not clear.pose.is_ambiguous
    record = message()
    write_tags(record, [replace(clear, pose=replace(clear.pose, is_ambiguous=is_ambiguous))])
    (found,) = read_tags(record)
    assert found.pose is not None and found.pose.is_ambiguous is is_ambiguous


def test_more_tags_than_fit_are_counted() -> None:
    """What a message cannot carry is not lost in silence."""
    record = message()
    write_tags(record, [tag(index, has_pose=False) for index in range(130)])
    assert (int(record["count"]), int(record["truncated"])) == (128, 2)
    assert [t.observation.tag_id for t in read_tags(record)] == list(range(128))
