"""Pixels become rays and back, whatever the lens; bent edges do not move corners."""

from __future__ import annotations

import numpy as np
import pytest
from tag_renderer import facing_camera

from airo_frames.intrinsics import Intrinsics
from tag_pose.corner_rays import corner_rays
from tag_pose.exceptions import PoseInputError
from tag_pose.lens import project, rays_through
from tag_pose.pose import estimate_pose, estimate_poses

MATRIX = np.array([[600.0, 0.0, 319.5], [0.0, 610.0, 239.5], [0.0, 0.0, 1.0]])
LENSES = {
    "pinhole": Intrinsics(MATRIX),
    "plumb_bob": Intrinsics(MATRIX, np.array([-0.3, 0.1, 0.001, -0.002, 0.02])),
    "rational": Intrinsics(MATRIX, np.array([0.5, -0.2, 0.0005, 0.0003, 0.01, 0.8, -0.1, 0.02]), "rational_polynomial"),
    "fisheye": Intrinsics(MATRIX, np.array([-0.03, 0.01, -0.004, 0.001]), "equidistant"),
}


@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES)
def test_rays_are_seen_where_they_came_from(lens: Intrinsics) -> None:
    """Projecting the rays gives the pixels, and their derivative is that of the projection."""
    pixels = np.random.default_rng(0).uniform([20, 20], [620, 460], (200, 2))
    rays, pixels_by_ray = rays_through(pixels, intrinsics=lens)
    np.testing.assert_allclose(project(rays, intrinsics=lens), pixels, atol=1e-4)
    step = np.array([3e-4, -2e-4])
    moved = project(rays + step, intrinsics=lens) - project(rays - step, intrinsics=lens)
    np.testing.assert_allclose(2 * pixels_by_ray @ step, moved, atol=1e-4)


@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES)
def test_exact_corners_give_the_exact_pose(lens: Intrinsics) -> None:
    """Also through a fisheye lens and far from its axis."""
    pose = facing_camera((0.25, -0.15, 0.6), tilt=35.0, tilt_axis=50.0, roll=20.0)
    half = np.array([[-0.05, -0.05, 0], [0.05, -0.05, 0], [0.05, 0.05, 0], [-0.05, 0.05, 0]])
    in_camera = half @ pose[:3, :3].T + pose[:3, 3]
    corners = project(in_camera[:, :2] / in_camera[:, 2:], intrinsics=lens)
    estimate = estimate_pose(corners, tag_size=0.1, intrinsics=lens)
    assert estimate is not None
    np.testing.assert_allclose(estimate.camera_from_tag, pose, atol=1e-6)


@pytest.mark.parametrize("name", ["plumb_bob", "fisheye"])
def test_crossings_of_bent_edges_give_the_corners(name: str) -> None:
    """Lines fitted to the edges, as detectors do, cross beside the corners; the rays are those of the corners."""
    lens = LENSES[name]
    corners = np.array([[60.0, 130.0], [150.0, 120.0], [145.0, 40.0], [70.0, 50.0]])
    rays, _ = rays_through(corners, intrinsics=lens)
    lines = []
    for start, end in zip(rays, np.roll(rays, -1, axis=0), strict=True):
        along = start + np.linspace(0.02, 0.98, 60)[:, None] * (end - start)
        pixels = project(along, intrinsics=lens)
        centre = pixels.mean(axis=0)
        direction = np.linalg.svd(pixels - centre)[2][0]
        lines.append((centre, direction))
    crossings = []
    for (centre, direction), (next_centre, next_direction) in zip([lines[-1], *lines[:-1]], lines, strict=True):
        steps = np.linalg.solve(np.stack([direction, -next_direction], axis=1), next_centre - centre)
        crossings.append(centre + steps[0] * direction)
    beside = np.linalg.norm(np.array(crossings) - corners, axis=1)
    assert beside.max() > 0.15
    found, pixels_by_ray = corner_rays(np.array([crossings]), intrinsics=lens, are_crossings=True)
    left = np.linalg.norm((pixels_by_ray[0] @ (found[0] - rays)[..., None])[..., 0], axis=1)
    assert left.max() < 0.15 * beside.max()


def test_pixels_that_no_ray_reaches_have_no_pose() -> None:
    """Where the lens model folds the image over, rays are nan and the tag has no pose; others are not disturbed."""
    folding = Intrinsics(MATRIX, np.array([-0.6, 0.0, 0.0, 0.0]))
    pixels = np.array([[319.5, 239.5], [5000.0, 240.0]])
    rays, _ = rays_through(pixels, intrinsics=folding)
    assert np.isfinite(rays[0]).all() and np.isnan(rays[1]).all()
    square = np.array([[0.0, 40.0], [40.0, 40.0], [40.0, 0.0], [0.0, 0.0]])
    both = np.stack([square + 5000.0, square + 300.0])
    lost, found = estimate_poses(both, tag_sizes=np.array([0.1, 0.1]), intrinsics=folding, are_crossings=True)
    assert lost is None
    assert found is not None and np.isfinite(found.camera_from_tag).all()


def test_unknown_models_are_refused() -> None:
    """A model that is not understood is named, as are too many coefficients."""
    unknown = Intrinsics(MATRIX, np.full(4, 0.1), "omnidirectional")
    long = Intrinsics(MATRIX, np.full(6, 0.1), "equidistant")
    for lens, said in ((unknown, "omnidirectional"), (long, "6 coefficients")):
        with pytest.raises(PoseInputError, match=said):
            rays_through(np.zeros((1, 2)), intrinsics=lens)
