"""The two poses that explain the image of a square."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from airo_frames.rotation import angle_between, quaternion_xyzw
from tag_pose.exceptions import PoseInputError

__all__ = ["PoseSolution", "distortion_for_opencv", "pixels_by_point", "planar_solutions", "tag_corners"]

OPENCV_ORDER = [3, 2, 1, 0]  # of the points of a square: (-x, +y), (+x, +y), (+x, -y), (-x, -y)
OPENCV_DISTORTION_SIZES = (4, 5, 8, 12, 14)
# The refinement has led both starts to one minimum when less than this is left between them.
SAME_SOLUTION = math.radians(0.2)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class PoseSolution:
    """One pose that explains the corners of a tag.

    Attributes:
        camera_from_tag: (4, 4) float64, m.
        reprojection_error_px: root mean square distance over the four corners.
    """

    camera_from_tag: NDArray[np.float64]
    reprojection_error_px: float

    @property
    def position(self) -> NDArray[np.float64]:
        """(3,) float64, m: the middle of the tag in the camera frame. Memory: view of camera_from_tag."""
        return self.camera_from_tag[:3, 3]

    @property
    def quaternion_xyzw(self) -> NDArray[np.float64]:
        """(4,) float64 unit quaternion of camera_from_tag, w >= 0."""
        return quaternion_xyzw(self.camera_from_tag[:3, :3])


def tag_corners(tag_size: float) -> NDArray[np.float64]:
    """Return a tag's corners in its own frame: (4, 3) float64, m, bottom-left, bottom-right, top-right, top-left."""
    half = tag_size / 2
    return np.array([[-half, -half, 0.0], [half, -half, 0.0], [half, half, 0.0], [-half, half, 0.0]])


def distortion_for_opencv(intrinsics: Intrinsics) -> NDArray[np.float64]:
    """Return the distortion with zeros appended up to a length that OpenCV accepts.

    Raises:
        PoseInputError: the distortion model is not one of OpenCV's pinhole models.
    """
    coefficients = intrinsics.distortion
    if intrinsics.distortion_model not in ("", "plumb_bob", "rational_polynomial") and coefficients.any():
        raise PoseInputError(
            f"distortion model is {intrinsics.distortion_model!r}: expected plumb_bob or rational_polynomial; "
            "rectify the images of other cameras"
        )
    size = next(size for size in OPENCV_DISTORTION_SIZES if size >= coefficients.size)
    return np.pad(coefficients, (0, size - coefficients.size))


def planar_solutions(
    corners: NDArray[np.float64], *, tag_size: float, intrinsics: Intrinsics, distortion: NDArray[np.float64]
) -> list[PoseSolution]:
    """Return the poses that explain four corners, smallest error first.

    Args:
        corners: (4, 2) float64, px: bottom-left, bottom-right, top-right, top-left of the tag.
        tag_size: m.
        intrinsics: of the raw image.
        distortion: as distortion_for_opencv() gives it.

    Returns:
        Two, or one when both are the same, or none when the tag would not be in front of the camera and facing it.
    """
    points = tag_corners(tag_size)[OPENCV_ORDER]
    quarter_turns = _quarter_turns(corners)
    # In this order an upright tag is seen from behind, y down like the image: see _tag_from_solver().
    pixels = np.ascontiguousarray(np.roll(corners, -quarter_turns, axis=0), dtype=np.float64)
    camera = (intrinsics.camera_matrix, distortion)
    try:
        _, rotations, translations, _ = cv2.solvePnPGeneric(points, pixels, *camera, flags=cv2.SOLVEPNP_IPPE_SQUARE)
    except cv2.error as error:
        logger.debug("no pose for corners %s: %s", corners.tolist(), error)
        return []
    solver_from_tag = _tag_from_solver(quarter_turns).T
    candidates = [
        _refined(points, pixels, camera, np.asarray(rotation, np.float64), np.asarray(translation, np.float64))
        for rotation, translation in zip(rotations, translations, strict=True)
    ]
    solutions = [_solution(*candidate, solver_from_tag=solver_from_tag) for candidate in candidates]
    solutions = [solution for solution in solutions if _faces_camera(solution)]
    solutions.sort(key=lambda solution: solution.reprojection_error_px)
    if len(solutions) == 2 and _are_same(*solutions):
        return solutions[:1]
    return solutions


def pixels_by_point(
    solution: PoseSolution, *, tag_size: float, intrinsics: Intrinsics, distortion: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the derivative of each corner's pixel by its point in the camera frame: (4, 2, 3) float64, px per m."""
    camera_from_tag = solution.camera_from_tag
    points_in_camera = tag_corners(tag_size) @ camera_from_tag[:3, :3].T + camera_from_tag[:3, 3]
    nowhere = np.zeros(3)
    _, jacobian = cv2.projectPoints(points_in_camera, nowhere, nowhere, intrinsics.camera_matrix, distortion)
    # Columns 3 to 5 are by the translation, which moves every point of the camera frame alike.
    return np.asarray(jacobian[:, 3:6], dtype=np.float64).reshape(-1, 2, 3)


def _quarter_turns(corners: NDArray[np.float64]) -> int:
    """Return by how many quarter turns a tag is rolled in the image, clockwise, 0 to 3."""
    right, down = corners[1] - corners[0]
    return round(math.atan2(down, right) / (math.pi / 2)) % 4


def _tag_from_solver(quarter_turns: int) -> NDArray[np.float64]:
    """Return the (3, 3) rotation from the frame in which OpenCV solves to the tag frame.

    OpenCV's solver loses its precision near half turns, and returns nonsense at them: an upright tag in front of the
    camera is just that, its y up and the camera's down. So it solves in a frame that never turns far from the camera's:
    half a turn about x and some quarter turns about z away from the tag frame.
    """
    half_turn = np.diag([1.0, -1.0, -1.0])
    quarter_turn = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(np.linalg.matrix_power(quarter_turn, quarter_turns) @ half_turn, dtype=np.float64)


def _refined(
    points: NDArray[np.float64],
    pixels: NDArray[np.float64],
    camera: tuple[NDArray[np.float64], NDArray[np.float64]],
    rotation: NDArray[np.float64],
    translation: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return rotation vector, translation and error after least squares, or those before if they are better."""
    start = (rotation, translation, _error(points, pixels, camera, rotation, translation))
    rotation, translation = rotation.copy(), translation.copy()
    cv2.solvePnPRefineLM(points, pixels, *camera, rotation, translation)  # in place
    refined = (rotation, translation, _error(points, pixels, camera, rotation, translation))
    return refined if refined[2] <= start[2] else start


def _error(
    points: NDArray[np.float64],
    pixels: NDArray[np.float64],
    camera: tuple[NDArray[np.float64], NDArray[np.float64]],
    rotation: NDArray[np.float64],
    translation: NDArray[np.float64],
) -> float:
    projected, _ = cv2.projectPoints(points, rotation, translation, *camera)
    return math.sqrt(np.square(projected.reshape(-1, 2) - pixels).sum() / len(pixels))


def _solution(
    rotation: NDArray[np.float64],
    translation: NDArray[np.float64],
    error: float,
    *,
    solver_from_tag: NDArray[np.float64],
) -> PoseSolution:
    camera_from_tag = np.eye(4)
    camera_from_tag[:3, :3] = cv2.Rodrigues(rotation)[0] @ solver_from_tag
    camera_from_tag[:3, 3] = translation.reshape(3)
    camera_from_tag.flags.writeable = False
    return PoseSolution(camera_from_tag, error)


def _faces_camera(solution: PoseSolution) -> bool:
    pose = solution.camera_from_tag
    if not (np.isfinite(pose).all() and math.isfinite(solution.reprojection_error_px)):
        return False
    return bool(pose[2, 3] > 0 and pose[:3, 2] @ pose[:3, 3] < 0)


def _are_same(one: PoseSolution, other: PoseSolution) -> bool:
    return angle_between(one.camera_from_tag[:3, :3], other.camera_from_tag[:3, :3]) < SAME_SOLUTION
