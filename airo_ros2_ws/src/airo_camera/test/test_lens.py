"""Tests of airo_camera.sources.lens."""

from __future__ import annotations

import numpy as np
import pytest

from airo_camera.sources.lens import project, round_trip_error
from airo_camera.sources.simulated_options import SimulatedOptions
from airo_frames.rays import rays_through


@pytest.mark.parametrize("options", [SimulatedOptions(), SimulatedOptions(k1=-0.25, k2=0.05, p1=0.01, p2=-0.005)])
def test_ray_is_seen_at_its_own_pixel(options: SimulatedOptions) -> None:
    """Going from pixels to rays and back ends where it began, with and without distortion."""
    intrinsics = options.intrinsics()
    pixels = np.random.default_rng(1).uniform((0, 0), (options.width - 1, options.height - 1), size=(5, 40, 2))
    rays = rays_through(pixels, intrinsics=intrinsics)
    points = 3.0 * np.concatenate([rays, np.ones((5, 40, 1))], axis=2).reshape(-1, 3)
    np.testing.assert_allclose(project(points, intrinsics=intrinsics), pixels.reshape(-1, 2), atol=1e-5)


def test_projection_follows_the_pinhole_formula() -> None:
    """Pixels are x and y over z, times the focal length, plus the principal point."""
    intrinsics = SimulatedOptions(width=640, height=480, focal=500.0).intrinsics()
    pixels = project(np.array([[0.2, -0.1, 2.0]]), intrinsics=intrinsics)
    np.testing.assert_allclose(pixels, [[319.5 + 50, 239.5 - 25]])


def test_folding_distortion_shows_in_the_round_trip() -> None:
    """Distortion so strong that the image folds over is far off at the border."""
    options = SimulatedOptions(k1=-0.9, focal=640.0)
    assert not round_trip_error(size_wh=options.size_wh, intrinsics=options.intrinsics()) < 1
    fine = SimulatedOptions(k1=-0.2)
    assert round_trip_error(size_wh=fine.size_wh, intrinsics=fine.intrinsics()) < 1e-5
