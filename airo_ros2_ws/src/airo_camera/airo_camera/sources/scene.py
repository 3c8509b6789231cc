"""Where the tags of the simulated camera are at any time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_camera.sources.lens import project
from airo_camera.sources.simulated_options import SimulatedOptions
from airo_camera.sources.source import TagTruth
from airo_frames.intrinsics import Intrinsics
from airo_frames.rays import rays_through

__all__ = ["Scene", "tag_corners"]

# Side of the largest and of the smallest tag, as a part of the space that a tag has in the image.
_LARGEST_SIDE, _SMALLEST_SIDE = 0.36, 0.22
# More space than this, px, leaves the tags as they are: drawing larger ones only takes longer.
_MOST_SPACE = 360
# The wall is so much farther than the farthest tag, and farther by the size of a tag; without tags, m.
_WALL_FARTHER, _WALL_WITHOUT_TAGS = 1.5, 2.0
# Tilts lie between this part of the largest tilt and the largest tilt.
_LEAST_TILT = 0.7


@dataclass(frozen=True)
class _Wave:
    """A sine: mean + reach * sin(2 pi seconds / period + phase)."""

    mean: float
    reach: float
    period: float
    phase: float

    def at(self, seconds: float) -> float:
        return self.mean + self.reach * math.sin(2 * math.pi * seconds / self.period + self.phase)


@dataclass(frozen=True)
class _Trajectory:
    """The smooth way of one tag.

    Attributes:
        x: px, where its centre is seen.
        y: px, where its centre is seen.
        distance: m, along the optical axis.
        tilt: rad, between its normal and the line of sight.
        axis: rad, direction in the tag of the axis about which it is tilted.
        roll: rad, about its normal.
    """

    x: _Wave
    y: _Wave
    distance: _Wave
    tilt: _Wave
    axis: _Wave
    roll: _Wave


class Scene:
    """Tags in front of the simulated camera, spread over the image without overlap.

    Args:
        options: of the simulated camera.
        intrinsics: of the simulated camera.
    """

    def __init__(self, options: SimulatedOptions, *, intrinsics: Intrinsics) -> None:
        self._options = options
        self._intrinsics = intrinsics
        rng = np.random.default_rng(options.seed)
        sides = np.linspace(_LARGEST_SIDE, _SMALLEST_SIDE, max(options.tags, 1))
        self._trajectories = [
            self._trajectory(centre, space=space, side=float(side), rng=rng)
            for (centre, space), side in zip(_places(options.tags, options.size_wh), sides, strict=False)
        ]
        distances = [way.distance.mean for way in self._trajectories]
        # m, depth of the wall behind all tags; it faces the camera.
        self.wall = max(distances) * _WALL_FARTHER + options.size if distances else _WALL_WITHOUT_TAGS
        # The tags of every image when nothing moves.
        self._still = None if options.motion else self._tags(0.0)

    def tags_at(self, seconds: float) -> tuple[TagTruth, ...]:
        """Return every tag as it is some seconds after the first image; the same object when nothing moves."""
        return self._tags(seconds) if self._still is None else self._still

    def _tags(self, seconds: float) -> tuple[TagTruth, ...]:
        return tuple(self._tag(tag_id, way, seconds) for tag_id, way in enumerate(self._trajectories))

    def _trajectory(
        self, centre: tuple[float, float], *, space: float, side: float, rng: np.random.Generator
    ) -> _Trajectory:
        def wave(mean: float, reach: float) -> _Wave:
            return _Wave(mean, reach, period=rng.uniform(4.0, 9.0), phase=rng.uniform(0.0, 2 * math.pi))

        distance = float(self._intrinsics.camera_matrix[0, 0]) * self._options.size / (side * min(space, _MOST_SPACE))
        tilt = math.radians(self._options.tilt)
        return _Trajectory(
            x=wave(centre[0], 0.08 * space),
            y=wave(centre[1], 0.08 * space),
            distance=wave(distance, 0.05 * distance),
            tilt=wave(tilt * (1 + _LEAST_TILT) / 2, tilt * (1 - _LEAST_TILT) / 2),
            axis=wave(rng.uniform(0.0, 2 * math.pi), 0.8),
            roll=wave(0.0, 0.2),
        )

    def _tag(self, tag_id: int, way: _Trajectory, seconds: float) -> TagTruth:
        pixel = np.array([way.x.at(seconds), way.y.at(seconds)])
        ray = np.append(rays_through(pixel, intrinsics=self._intrinsics), 1.0)
        camera_from_tag = np.eye(4)
        camera_from_tag[:3, :3] = _facing(ray) @ _turned(
            tilt=way.tilt.at(seconds), axis=way.axis.at(seconds), roll=way.roll.at(seconds)
        )
        camera_from_tag[:3, 3] = ray * way.distance.at(seconds)
        return TagTruth(
            tag_id=tag_id,
            family=self._options.family,
            size=self._options.size,
            camera_from_tag=camera_from_tag,
            corners=tag_corners(camera_from_tag, edge=self._options.size, intrinsics=self._intrinsics),
        )


def tag_corners(camera_from_tag: NDArray[np.float64], *, edge: float, intrinsics: Intrinsics) -> NDArray[np.float64]:
    """Return where the corners of a square around a tag's centre are seen.

    Args:
        camera_from_tag: (4, 4) float64, m; the tag's x points right, y up, z towards the viewer.
        edge: m, length of the square's side.
        intrinsics: of the camera.

    Returns:
        (4, 2) float64, px: bottom-left, bottom-right, top-right, top-left of the tag. New array.
    """
    half = edge / 2
    in_tag = np.array([[-half, -half, 0.0], [half, -half, 0.0], [half, half, 0.0], [-half, half, 0.0]])
    in_camera = in_tag @ camera_from_tag[:3, :3].T + camera_from_tag[:3, 3]
    return project(in_camera, intrinsics=intrinsics)


def _places(count: int, size_wh: tuple[int, int]) -> list[tuple[tuple[float, float], float]]:
    """Return the centre of each tag's place, px, and the side of the square that it may fill there, px."""
    width, height = size_wh
    if count == 0:
        return []
    columns = max(range(1, count + 1), key=lambda columns: min(width / columns, height / math.ceil(count / columns)))
    rows = math.ceil(count / columns)
    across, down = width / columns, height / rows
    centres = [((index % columns + 0.5) * across, (index // columns + 0.5) * down) for index in range(count)]
    return [(centre, min(across, down)) for centre in centres]


def _facing(ray: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rotation camera_from_tag of an upright tag whose normal points back along a ray."""
    axis = np.cross([0.0, 0.0, 1.0], ray)
    sine = float(np.linalg.norm(axis))
    angle = math.atan2(sine, float(ray[2]))
    rotation = _rotation(axis / sine * angle if sine > 0 else axis)
    return rotation @ np.diag([1.0, -1.0, -1.0])


def _turned(*, tilt: float, axis: float, roll: float) -> NDArray[np.float64]:
    """Return the rotation of a tag that is rolled about its normal and then tilted about an axis in its plane."""
    return _rotation(np.array([math.cos(axis), math.sin(axis), 0.0]) * tilt) @ _rotation(np.array([0.0, 0.0, roll]))


def _rotation(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    matrix, _ = cv2.Rodrigues(vector)
    return np.asarray(matrix, dtype=np.float64)
