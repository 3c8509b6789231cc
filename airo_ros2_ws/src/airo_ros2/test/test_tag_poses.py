"""Tests of airo_ros2.tag_poses with a simulated camera and tag_pose in processes of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from airo_ros2 import ClosedError, TagPoses, TagTimeoutError
from airo_ros2.testing import FakeCamera

PATIENCE_SECS = 30.0
Start = Callable[..., Any]


@pytest.fixture
def bringup(start: Start, domain: int) -> Any:
    """Give a running set-up with the tags 0 to 3."""
    process = start("-m", "airo_ros2.cli", "bringup", "--json", "--headless", "--source", "sim:?tags=4")
    process.expect("detections")
    return process


def test_poses_of_the_simulated_tags(bringup: Any) -> None:
    """Poses come by id as 4 x 4 matrices in front of the camera, with covariance and the time of the image."""
    with TagPoses("camera", timeout=PATIENCE_SECS) as tags:
        poses = tags.read()
        assert list(poses) == [0, 1, 2, 3]
        for tag_id, pose in poses.items():
            matrix = np.asarray(pose)
            np.testing.assert_allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3), atol=1e-9)
            assert matrix[2, 3] > 0 and (pose.tag_id, pose.family) == (tag_id, "tag36h11")
            assert pose.covariance is not None and (np.linalg.eigvalsh(pose.covariance) > 0).all()
            assert f"tag36h11:{tag_id}" in repr(pose)
        later = tags.wait_for(2)
        assert later.stamp_nanos > poses[2].stamp_nanos and later.sequence > poses[2].sequence
        first, second = (next(iter(tags.stream())) for _ in range(2))
        assert first[0].sequence < second[0].sequence


def test_a_tag_that_is_not_there(bringup: Any) -> None:
    """A tag that does not appear is a TimeoutError which says which were seen; so is another family."""
    with TagPoses("camera", timeout=PATIENCE_SECS) as tags:
        tags.read()
        with pytest.raises(TimeoutError, match=r"tag 77 was not seen within 5 s in \d+ frames.*seen were 0, 1, 2, 3"):
            tags.wait_for(77, timeout=5.0)
    with TagPoses("camera", family="tag16h5", timeout=PATIENCE_SECS) as tags:
        assert tags.read() == {}
        with pytest.raises(TagTimeoutError, match="no tag was seen at all"):
            tags.wait_for(0, timeout=5.0)


def test_why_no_tags_come(domain: int) -> None:
    """A missing camera, a wrong name and a camera without tag_pose are told apart."""
    with TagPoses("front") as tags:
        with pytest.raises(TagTimeoutError, match="no camera is running"):
            tags.read(timeout=0.2)
        with FakeCamera("front"), TagPoses("fornt") as misspelt:
            with pytest.raises(TagTimeoutError, match="the camera runs, but no tag_pose does for it"):
                tags.read(timeout=1.0)
            with pytest.raises(TagTimeoutError, match="did you mean 'front'"):
                misspelt.read(timeout=0.2)
    with pytest.raises(ClosedError):
        tags.read()
