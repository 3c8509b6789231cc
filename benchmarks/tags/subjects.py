"""What is compared: our detectors with poses, the bare libraries, and cv2.aruco."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.intrinsics import Intrinsics
from tag_pose.detector_settings import DetectorSettings
from tag_pose.tagger import Tagger

__all__ = ["OURS", "SUBJECTS", "Sighting", "Subject"]

OURS = ("pupil", "pyapriltags")
ARUCO_ORDER = [1, 0, 3, 2]  # of our corners: cv2.aruco holds these tags rotated by half a turn
SQUARE_ORDER = [3, 2, 1, 0]  # of our corners, as cv2.SOLVEPNP_IPPE_SQUARE wants them
FLIP = np.diag([1.0, -1.0, -1.0])  # from our tag frame to the libraries': y down, z into the tag


@dataclass(frozen=True, eq=False)
class Sighting:
    """A tag that a subject found.

    Attributes:
        tag_id: its number.
        corners: (4, 2) float64, px, as the subject says them, in the order of ours.
        rotation: (3, 3) float64, camera from tag; None without a pose.
        position: (3,) float64, m.
        alternative: (3, 3) float64, rotation of the other solution, where the subject tells it.
        is_ambiguous: whether the subject says that it might be the other one; None where it does not tell.
        covariance: (6, 6) float64, where the subject tells it.
    """

    tag_id: int
    corners: NDArray[np.float64]
    rotation: NDArray[np.float64] | None = None
    position: NDArray[np.float64] | None = None
    alternative: NDArray[np.float64] | None = None
    is_ambiguous: bool | None = None
    covariance: NDArray[np.float64] | None = None


Look = Callable[[NDArray[np.uint8], Intrinsics | None], Sequence[Sighting]]


@dataclass(frozen=True)
class Subject:
    """Something that finds tags.

    Attributes:
        title: for people.
        distribution: whose version is reported.
        module: that has to be installed.
        make: returns the function that looks at one image, given the size of the tags in m.
        note: what to know about it.
    """

    title: str
    distribution: str
    module: str
    make: Callable[[float], Look]
    note: str = ""

    @property
    def is_installed(self) -> bool:
        """Whether its library can be imported."""
        return importlib.util.find_spec(self.module) is not None


def ours(backend: str, **settings: Any) -> Callable[[float], Look]:
    """Return what makes our tagger; it forgets the tags of each image before the next, but not how noisy they are."""

    def make(tag_size: float) -> Look:
        tagger = Tagger(DetectorSettings(backend=backend, **settings), tag_size=tag_size)

        def look(image: NDArray[np.uint8], intrinsics: Intrinsics | None) -> list[Sighting]:
            tagger.locator.forget_poses()
            return [_of_tag(tag) for tag in tagger.process(image, intrinsics=intrinsics)]

        return look

    return make


def _of_tag(tag: Any) -> Sighting:
    pose, seen = tag.pose, tag.observation
    if pose is None:
        return Sighting(seen.tag_id, seen.corners)
    return Sighting(
        seen.tag_id,
        seen.corners,
        pose.camera_from_tag[:3, :3],
        pose.position,
        None if pose.alternative is None else pose.alternative.camera_from_tag[:3, :3],
        pose.is_ambiguous,
        pose.covariance,
    )


def _bare(module: str) -> Callable[[float], Look]:
    def make(tag_size: float) -> Look:
        detector = importlib.import_module(module).Detector(families="tag36h11", quad_decimate=1.0)

        def look(image: NDArray[np.uint8], intrinsics: Intrinsics | None) -> list[Sighting]:
            if intrinsics is None:
                return [Sighting(found.tag_id, found.corners) for found in detector.detect(image)]
            matrix = intrinsics.camera_matrix
            camera = (matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2])
            found_tags = detector.detect(image, estimate_tag_pose=True, camera_params=camera, tag_size=tag_size)
            return [
                Sighting(found.tag_id, found.corners, found.pose_R @ FLIP, found.pose_t.reshape(3))
                for found in found_tags
            ]

        return look

    return make


def _aruco(refinement: str) -> Callable[[float], Look]:
    def make(tag_size: float) -> Look:
        parameters = cv2.aruco.DetectorParameters()
        parameters.cornerRefinementMethod = getattr(cv2.aruco, refinement)
        dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36H11)
        detector = cv2.aruco.ArucoDetector(dictionary, parameters)
        half = tag_size / 2
        square = np.array([[-half, half, 0], [half, half, 0], [half, -half, 0], [-half, -half, 0]])

        def look(image: NDArray[np.uint8], intrinsics: Intrinsics | None) -> list[Sighting]:
            all_corners, ids, _ = detector.detectMarkers(image)
            sightings = []
            for number, corners in zip([] if ids is None else ids.reshape(-1), all_corners, strict=True):
                ordered = corners.reshape(4, 2)[ARUCO_ORDER].astype(np.float64)
                rotation, position = _square_pose(square, ordered, intrinsics)
                sightings.append(Sighting(int(number), ordered, rotation, position))
            return sightings

        return look

    return make


def _square_pose(
    square: NDArray[np.float64], corners: NDArray[np.float64], intrinsics: Intrinsics | None
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    if intrinsics is None:
        return None, None
    distortion = intrinsics.distortion if intrinsics.distortion.size else np.zeros(4)
    is_solved, rotation, position = cv2.solvePnP(
        square,
        corners[SQUARE_ORDER].reshape(-1, 1, 2),
        intrinsics.camera_matrix,
        distortion,
        flags=cv2.SOLVEPNP_IPPE_SQUARE,
    )
    if not is_solved:
        return None, None
    return np.asarray(cv2.Rodrigues(rotation)[0], np.float64), np.asarray(position, np.float64).reshape(3)


SUBJECTS = {
    "pupil": Subject("tag_pose, pupil", "pupil-apriltags", "pupil_apriltags", ours("pupil")),
    "pyapriltags": Subject("tag_pose, pyapriltags", "pyapriltags", "pyapriltags", ours("pyapriltags")),
    "bare_pupil": Subject(
        "pupil-apriltags, bare", "pupil-apriltags", "pupil_apriltags", _bare("pupil_apriltags"), "no lens distortion"
    ),
    "bare_pyapriltags": Subject(
        "pyapriltags, bare", "pyapriltags", "pyapriltags", _bare("pyapriltags"), "no lens distortion"
    ),
    "aruco_subpix": Subject(
        "cv2.aruco, SUBPIX", "opencv-python-headless", "cv2", _aruco("CORNER_REFINE_SUBPIX"), "pose: IPPE_SQUARE"
    ),
    "aruco_apriltag": Subject(
        "cv2.aruco, APRILTAG", "opencv-python-headless", "cv2", _aruco("CORNER_REFINE_APRILTAG"), "pose: IPPE_SQUARE"
    ),
}
