"""Markers of bundles."""

from __future__ import annotations

import numpy as np
from bundles import CAMERA, body, observations, random_pose
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from tag_pose.locator import TagLocator
from tag_pose.planar import tag_corners
from tag_pose.standard_messages import bundle_markers


def test_a_bundle_is_drawn_with_all_its_tags() -> None:
    """Outlines of seen and unseen tags, axes and name have the bundle's pose, and each its own namespace and end."""
    rng = np.random.default_rng(0)
    layout = body()
    locator = TagLocator(bundles=[layout])
    tags = locator.locate(observations(layout, random_pose(rng), noise=0.0, rng=rng)[:2], intrinsics=CAMERA)
    (bundle,) = locator.locate_bundles(tags, intrinsics=CAMERA)
    header = Header(frame_id="camera_optical_frame")
    outlines, axes, text = bundle_markers(header, bundle)
    assert [marker.type for marker in (outlines, axes, text)] == [
        Marker.LINE_LIST,
        Marker.LINE_LIST,
        Marker.TEXT_VIEW_FACING,
    ]
    assert text.text == "body" and len({marker.ns for marker in (outlines, axes, text)}) == 3
    for marker in (outlines, axes, text):
        assert marker.header == header and marker.lifetime.nanosec > 0 and marker.color.a == 1.0 or marker is axes
        position = marker.pose.position
        np.testing.assert_allclose([position.x, position.y, position.z], bundle.position)
    points = np.array([[point.x, point.y, point.z] for point in outlines.points]).reshape(4, 4, 2, 3)
    for tag, lines in zip(layout.tags, points, strict=True):
        corners = tag_corners(tag.size) @ tag.bundle_from_tag[:3, :3].T + tag.bundle_from_tag[:3, 3]
        np.testing.assert_allclose(lines[:, 0], corners)
        np.testing.assert_allclose(lines[:, 1], np.roll(corners, -1, axis=0))
    assert len(axes.points) == len(axes.colors) == 6
