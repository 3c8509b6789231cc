"""Intrinsics of one camera: what sensor_msgs/CameraInfo says of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from airo_frames.exceptions import ArrayContractError

__all__ = ["MAX_DISTORTION_COEFFICIENTS", "Intrinsics"]

MAX_DISTORTION_COEFFICIENTS = 14


@dataclass(frozen=True, eq=False)
class Intrinsics:
    """Projection of camera-frame points (x right, y down, z forward) to pixels; the first pixel's centre is (0, 0).

    Attributes:
        camera_matrix: (3, 3) float64, px: [[fx, 0, cx], [0, fy, cy], [0, 0, 1]], of the image as it was taken.
        distortion: (n,) float64, n <= 14, in OpenCV's order (k1, k2, p1, p2, k3, ...); empty without distortion.
        distortion_model: name from sensor_msgs/distortion_models.hpp.
        rectification: (3, 3) float64, rotation from the camera frame to the rectified frame.
        projection: (3, 4) float64, px, of the rectified image; by default the camera matrix without an offset.

    Raises:
        ArrayContractError: a shape differs, a number is not finite, or a focal length is not positive.
    """

    camera_matrix: NDArray[np.float64]
    distortion: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    distortion_model: str = "plumb_bob"
    rectification: NDArray[np.float64] = field(default_factory=lambda: np.eye(3))
    projection: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        camera_matrix = _finite("camera_matrix", self.camera_matrix, (3, 3))
        if camera_matrix[0, 0] <= 0 or camera_matrix[1, 1] <= 0:
            fx, fy = camera_matrix[0, 0], camera_matrix[1, 1]
            raise ArrayContractError(f"camera_matrix has focal lengths {fx:g} and {fy:g} px: expected both above 0")
        distortion = np.array(self.distortion, dtype=np.float64).reshape(-1)
        if distortion.size > MAX_DISTORTION_COEFFICIENTS:
            raise ArrayContractError(
                f"distortion has {distortion.size} coefficients: expected at most {MAX_DISTORTION_COEFFICIENTS}"
            )
        projection = np.hstack([camera_matrix, np.zeros((3, 1))]) if np.size(self.projection) == 0 else self.projection
        values = {
            "camera_matrix": camera_matrix,
            "distortion": _finite("distortion", distortion, distortion.shape),
            "rectification": _finite("rectification", self.rectification, (3, 3)),
            "projection": _finite("projection", projection, (3, 4)),
        }
        for name, value in values.items():
            value.flags.writeable = False
            object.__setattr__(self, name, value)

    @classmethod
    def pinhole(cls, fx: float, fy: float, cx: float, cy: float) -> Intrinsics:
        """Return intrinsics without distortion; all arguments in px."""
        return cls(np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]]))


def _finite(name: str, values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    array = np.array(values, dtype=np.float64)
    if array.shape != shape:
        raise ArrayContractError(f"{name} has shape {array.shape}: expected {shape}")
    if not np.isfinite(array).all():
        raise ArrayContractError(f"{name} holds numbers that are not finite: {array.tolist()}")
    return array
