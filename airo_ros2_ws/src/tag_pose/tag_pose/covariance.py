"""How uncertain the corners of a tag are, and what was fitted to them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["REFINED", "CornerNoise", "corner_sigmas", "covariances", "whitened"]

# Standard deviation of one corner coordinate against the width of the tag's image, both px, of each backend: measured
# by benchmarks/tags on sharp images with little noise. Below 25 px the libraries fit the edges of a tag badly.
WIDTHS_PX = (10.0, 15.0, 17.0, 19.0, 21.0, 23.0, 25.0, 29.0, 32.0, 37.0, 56.0, 100.0)
SIGMAS_PX = {
    "refined": (0.13, 0.12, 0.085, 0.062, 0.047, 0.034, 0.025, 0.0165, 0.0128, 0.0115, 0.0098, 0.0084),
    "pupil": (0.18, 0.19, 0.16, 0.14, 0.10, 0.085, 0.062, 0.054, 0.051, 0.049, 0.041, 0.039),
    "pyapriltags": (0.18, 0.19, 0.16, 0.15, 0.11, 0.09, 0.065, 0.033, 0.0195, 0.0155, 0.0125, 0.0115),
}
DEFAULT_BACKEND = "pupil"
REFINED = "refined"  # in place of a backend: corners that were measured anew
MAX_CONDITION = 1e12
SQRT3 = math.sqrt(3.0)
# Learning the noise of a camera: what the table is worth at the start and how long residuals count, degrees of freedom.
DOF_OF_TABLE, MAX_DOF = 10.0, 200.0
DOF_OF_TAG = 2.0  # four corners are eight numbers, a pose is six
LARGEST_SURPRISE = 6.0  # of a tag's residuals against what is known: a covered tag tells little of the others
SCALE_RANGE = (1.0, 15.0)


def corner_sigmas(corners: NDArray[np.float64], *, backend: str = DEFAULT_BACKEND) -> NDArray[np.float64]:
    """Return the standard deviations of the coordinates of tags' corners in sharp images with little noise, px.

    Args:
        corners: (..., 4, 2) float64, px, in order around each tag.
        backend: the library that found them, or REFINED.

    Returns:
        (...) float64, from the width of each tag's image: its area divided by its longest side.
    """
    sides = corners - np.roll(corners, 1, axis=-2)
    longest = np.sqrt(np.square(sides).sum(axis=-1).max(axis=-1))
    one, other = corners[..., 2, :] - corners[..., 0, :], corners[..., 3, :] - corners[..., 1, :]
    areas = np.abs(one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0]) / 2
    widths = np.divide(areas, longest, out=np.zeros_like(longest), where=longest > 0)
    return np.asarray(np.interp(widths, WIDTHS_PX, SIGMAS_PX[backend]), dtype=np.float64)


def whitened(
    pixels_by_ray: NDArray[np.float64],
    corners: NDArray[np.float64],
    *,
    sigmas: NDArray[np.float64],
    are_crossings: bool,
) -> NDArray[np.float64]:
    """Return what turns errors of the rays of tags' corners into independent ones of standard deviation 1, (N, 8, 8).

    A line fitted to evenly spread positions is twice as uncertain at its ends as in its middle: both corners of an edge
    err together, across it with a correlation of -1/2. Middles and slopes of the four edges are independent.

    Args:
        pixels_by_ray: (N, 4, 2, 2) float64, px.
        corners: (N, 4, 2) float64, px, in order around each tag.
        sigmas: (N,) float64, px, of the corners' coordinates.
        are_crossings: they are crossings of lines fitted to the edges; otherwise each coordinate errs on its own.
    """
    found = np.zeros((len(corners), 8, 8))
    if not are_crossings:
        for corner in range(4):
            found[:, 2 * corner : 2 * corner + 2, 2 * corner : 2 * corner + 2] = pixels_by_ray[:, corner]
        return found / sigmas[:, None, None]
    ways = corners[:, [1, 2, 3, 0]] - corners
    normals = np.stack([-ways[..., 1], ways[..., 0]], axis=-1) / np.linalg.norm(ways, axis=2, keepdims=True)
    here = (normals[:, :, None] @ pixels_by_ray)[:, :, 0]  # (N, 4, 2): across each edge, by the ray of its first corner
    there = (normals[:, :, None] @ pixels_by_ray[:, [1, 2, 3, 0]])[:, :, 0]
    for edge in range(4):
        first, second = 2 * edge, 2 * ((edge + 1) % 4)
        found[:, 2 * edge, first : first + 2], found[:, 2 * edge, second : second + 2] = here[:, edge], there[:, edge]
        found[:, 2 * edge + 1, first : first + 2] = -here[:, edge] / SQRT3
        found[:, 2 * edge + 1, second : second + 2] = there[:, edge] / SQRT3
    return np.asarray(found / sigmas[:, None, None])


class CornerNoise:
    """How much larger the noise of the corners of a camera is than in sharp images with little noise.

    It is learned from how well poses explain the corners: noise, blur and an inexact calibration all show there.
    """

    def __init__(self) -> None:
        self._sum = self._dof = DOF_OF_TABLE

    @property
    def scale(self) -> float:
        """Factor for corner_sigmas()."""
        return max(SCALE_RANGE[0], min(math.sqrt(self._sum / self._dof), SCALE_RANGE[1]))

    def learn(self, misfit: float) -> None:
        """Learn from one tag.

        Args:
            misfit: sum of its squared residuals, in standard deviations of corner_sigmas().
        """
        kept = min(1.0, MAX_DOF / (self._dof + DOF_OF_TAG))
        surprise = min(misfit, LARGEST_SURPRISE * DOF_OF_TAG * self.scale**2)
        self._sum = kept * (self._sum + surprise)
        self._dof = kept * (self._dof + DOF_OF_TAG)


def covariances(normals: NDArray[np.float64], *, sigmas: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the covariances of what was fitted by least squares: sigma^2 (J^T J)^-1.

    Args:
        normals: (B, D, D) float64: J^T J of each fit.
        sigmas: (B,) float64: standard deviations of the residuals.

    Returns:
        (B, D, D) float64, symmetric; nan where the residuals do not determine the unknowns.
    """
    with np.errstate(all="ignore"):
        # Metres and radians differ in scale: a diagonal of ones makes the condition say something.
        scales = np.sqrt(np.diagonal(normals, axis1=1, axis2=2))
        scaled = normals / (scales[:, :, None] * scales[:, None, :])
        is_usable = np.isfinite(scaled).all(axis=(1, 2))
        identity = np.eye(normals.shape[-1])
        eigenvalues = np.linalg.eigvalsh(np.where(is_usable[:, None, None], scaled, identity))
        is_usable &= eigenvalues[:, 0] * MAX_CONDITION > eigenvalues[:, -1]
        inverses = np.linalg.inv(np.where(is_usable[:, None, None], scaled, identity))
        found = inverses * np.square(sigmas)[:, None, None] / (scales[:, :, None] * scales[:, None, :])
    found = (found + found.transpose(0, 2, 1)) / 2
    found[~is_usable] = np.nan
    return np.asarray(found)
