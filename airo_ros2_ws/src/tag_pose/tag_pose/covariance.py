"""How uncertain the corners of a tag are, and what was fitted to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["corner_sigmas", "covariances"]

# Standard deviation of one corner coordinate against the length of the tag's sides, both px, of each backend.
SIDES_PX = (16.0, 20.0, 24.0, 32.0, 48.0, 96.0)
SIGMAS_PX = {
    "pupil": (0.14, 0.11, 0.08, 0.06, 0.05, 0.04),
    "pyapriltags": (0.14, 0.11, 0.08, 0.06, 0.05, 0.04),
}
DEFAULT_BACKEND = "pupil"
MAX_CONDITION = 1e12


def corner_sigmas(corners: NDArray[np.float64], *, backend: str = DEFAULT_BACKEND) -> NDArray[np.float64]:
    """Return the standard deviations of the coordinates of tags' corners, px, from the mean length of their sides.

    Args:
        corners: (..., 4, 2) float64, px, in order around each tag.
        backend: the library that found them.

    Returns:
        (...) float64.
    """
    sides = np.sqrt(np.square(corners - np.roll(corners, 1, axis=-2)).sum(axis=-1)).mean(axis=-1)
    return np.asarray(np.interp(sides, SIDES_PX, SIGMAS_PX[backend]), dtype=np.float64)


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
