"""Poses of rigid sets of points by least squares, many at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["PoseFits", "fit_poses", "rotations_by"]

MAX_ITERATIONS = 8
FIRST_DAMPING, MORE_DAMPING, LESS_DAMPING = 1e-7, 10.0, 0.1
DAMPING_AFTER_FAILURE = 1e-3
# A step that promises to lower the sum of squares by less than both is the last one.
ENOUGH_RELATIVE, ENOUGH_PX2 = 1e-3, 1e-9
_EYE3 = np.eye(3)
_EYE6 = np.eye(6)
_TINY = 1e-12  # keeps a singular system solvable


@dataclass(frozen=True, eq=False)
class PoseFits:
    """Poses of B sets of points. A fit that failed has an infinite cost.

    Attributes:
        rotations: (B, 3, 3) float64, camera from body.
        translations: (B, 3) float64, m.
        costs: (B,) float64, sums of the squared residuals.
        normals: (B, 6, 6) float64, J^T J for the unknowns x, y, z (m), rotation about x, y, z (rad). Rotations are
            about the axes of the camera frame through the body's origin: R_true = exp(rotation) R.
    """

    rotations: NDArray[np.float64]
    translations: NDArray[np.float64]
    costs: NDArray[np.float64]
    normals: NDArray[np.float64]


def fit_poses(
    points: NDArray[np.float64],
    *,
    rays: NDArray[np.float64],
    metrics: NDArray[np.float64],
    rotations: NDArray[np.float64],
    translations: NDArray[np.float64],
) -> PoseFits:
    """Refine poses until the points lie on their rays as well as they can.

    Residuals are metric @ (seen rays - rays of the points), of one or several points that err together. With the
    derivative of the pixel by the ray in the metric, they are reprojection errors in pixels to first order, whatever
    the lens; with the inverse root of the pixels' covariance as well, the fit is one of maximum likelihood; zero
    leaves points out.

    Args:
        points: (B, M, 3) or (M, 3) float64, m, body frame.
        rays: (B, M, 2) or (M, 2) float64, x and y at z = 1 of the ray at which each point is seen.
        metrics: (B, M / g, 2g, 2g) or (M / g, 2g, 2g) float64, for g points after one another each.
        rotations: (B, 3, 3) float64, where to start.
        translations: (B, 3) float64, m, where to start.

    Returns:
        Fits that are never worse than their start. New arrays.

    Source: Levenberg-Marquardt in the tangent space of the rotations, updated by the Cayley transform.
    """
    with np.errstate(all="ignore"):  # what goes wrong is not finite, and never accepted
        fits, slopes = _evaluated(points, rays, metrics, rotations, translations)
        damping = np.full(len(rotations), FIRST_DAMPING)
        for _ in range(MAX_ITERATIONS):
            steps, promised = _steps(fits, slopes, damping)
            candidates = _evaluated(
                points,
                rays,
                metrics,
                rotations_by(steps[:, 3:]) @ fits.rotations,
                fits.translations + steps[:, :3],
            )
            is_better = candidates[0].costs < fits.costs
            fits, slopes = _chosen(is_better, candidates, (fits, slopes))
            after_failure = np.maximum(MORE_DAMPING * damping, DAMPING_AFTER_FAILURE)
            damping = np.where(is_better, LESS_DAMPING * damping, after_failure)
            if not (promised > ENOUGH_RELATIVE * fits.costs + ENOUGH_PX2).any():
                break
    return fits


def rotations_by(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rotations about and by (N, 3) vectors, as (N, 3, 3): exact for small angles only, but always orthonormal.

    Source: Cayley transform, which agrees with the exponential map to second order.
    """
    x, y, z = (vectors / 2).T
    skew = np.zeros((len(vectors), 3, 3))
    skew[:, 0, 1], skew[:, 0, 2], skew[:, 1, 2] = -z, y, -x
    skew[:, 1, 0], skew[:, 2, 0], skew[:, 2, 1] = z, -y, x
    scale = 2 / (1 + x * x + y * y + z * z)
    return np.asarray(_EYE3 + scale[:, None, None] * (skew + skew @ skew))


_State = tuple[PoseFits, NDArray[np.float64]]


def _evaluated(
    points: NDArray[np.float64],
    rays: NDArray[np.float64],
    metrics: NDArray[np.float64],
    rotations: NDArray[np.float64],
    translations: NDArray[np.float64],
) -> _State:
    """Return the fits at some poses and J^T residuals, (B, 6)."""
    arms = points @ rotations.transpose(0, 2, 1)  # from the body's origin, camera axes
    in_camera = arms + translations[:, None]
    inverse_depths = 1 / in_camera[..., 2:]
    expected = in_camera[..., :2] * inverse_depths
    x, y, closeness = expected[..., 0], expected[..., 1], inverse_depths[..., 0]
    # Of the rays, by the pose. d(exp(w) arm)/dw = -[arm]_x: a ray turns with the cross product of the arm and its
    # derivative by the point, (closeness, 0, -x closeness) and (0, closeness, -y closeness).
    arm_x, arm_y, arm_z = (arms * inverse_depths).transpose(2, 0, 1)
    jacobians = np.zeros((*expected.shape, 7))
    jacobians[..., 0, 0] = jacobians[..., 1, 1] = closeness
    jacobians[..., 0, 2], jacobians[..., 1, 2] = -x * closeness, -y * closeness
    jacobians[..., 0, 3], jacobians[..., 1, 3] = -arm_y * x, -arm_z - arm_y * y
    jacobians[..., 0, 4], jacobians[..., 1, 4] = arm_z + arm_x * x, arm_x * y
    jacobians[..., 0, 5], jacobians[..., 1, 5] = -arm_y, arm_x
    jacobians[..., 6] = rays - expected
    together = (metrics @ jacobians.reshape(len(rotations), *metrics.shape[-3:-1], 7)).reshape(len(rotations), -1, 7)
    products = together.transpose(0, 2, 1) @ together
    costs = products[:, 6, 6].copy()
    is_valid = np.isfinite(costs) & (in_camera[..., 2] > 0).all(axis=1)
    costs[~is_valid] = np.inf
    return PoseFits(rotations, translations, costs, products[:, :6, :6]), products[:, :6, 6]


def _steps(
    fits: PoseFits, slopes: NDArray[np.float64], damping: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the next steps, (B, 6), and by how much they promise to lower the costs."""
    is_valid = np.isfinite(fits.costs)
    normals = fits.normals
    if not is_valid.all():
        normals = np.where(is_valid[:, None, None], normals, _EYE6)
        slopes = np.where(is_valid[:, None], slopes, 0.0)
    # Metres and radians differ in scale: unknowns are scaled so that the diagonal is 1.
    scales = np.sqrt(np.maximum(normals.diagonal(axis1=1, axis2=2), 1e-300))
    damped = normals / (scales[:, :, None] * scales[:, None, :]) + (damping + _TINY)[:, None, None] * _EYE6
    steps = np.linalg.solve(damped, (slopes / scales)[..., None])[..., 0] / scales
    return steps, (slopes * steps).sum(axis=1)


def _chosen(is_better: NDArray[np.bool_], one: _State, other: _State) -> _State:
    """Return one, with the other's values where it is not better."""
    if not is_better.all():
        kept = ~is_better
        (better, better_slopes), (fits, slopes) = one, other
        better_slopes[kept] = slopes[kept]
        for name in ("rotations", "translations", "costs", "normals"):
            getattr(better, name)[kept] = getattr(fits, name)[kept]
    return one
