"""What can be chosen about the simulated camera."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from airo_camera.exceptions import SourceSpecError
from airo_camera.sources.query import check_options, option
from airo_camera.sources.tag_family import TAG_FAMILIES
from airo_frames.intrinsics import Intrinsics

__all__ = ["DEFAULT_FOCAL_PER_WIDTH", "SimulatedOptions"]

# A horizontal field of view of 67 degrees.
DEFAULT_FOCAL_PER_WIDTH = 0.75


@dataclass(frozen=True)
class SimulatedOptions:
    """Options of the simulated camera; the same options give the same images.

    The default scene has four tags whose sides are 79 to 130 px long before they are tilted by 28 to 40 degrees, also
    in larger images. With more tags or smaller images the tags get smaller, so that all of them fit.

    Raises:
        SourceSpecError: a value is of the wrong kind or out of its range.
    """

    width: int = option(1280, "px", low=64, high=8192)
    height: int = option(720, "px", low=64, high=8192)
    fps: float = option(30.0, "images per second", low=0.1, high=1000)
    tags: int = option(4, "number of tags; their ids start at 0", low=0, high=100)
    size: float = option(0.1, "edge of a tag's black border in m", low=0.001, high=10)
    tilt: float = option(40.0, "largest angle between a tag's normal and the line of sight in degrees", low=0, high=70)
    motion: int = option(1, "1 lets the tags move, 0 keeps them still", low=0, high=1)
    noise: float = option(2.0, "standard deviation of each channel in grey levels", low=0, high=10)
    blur: float = option(0.6, "standard deviation of the lens blur in px", low=0, high=5)
    seed: int = option(0, "start of all random numbers", low=0, high=2**31 - 1)
    focal: float | None = option(
        None, "focal length in px, 0.75 times the width by default", kind=float, low=10, high=1e5
    )
    depth: int = option(0, "1 gives the exact depth of each pixel with the image", low=0, high=1)
    stereo: float = option(
        0.0,
        "distance in m to a second lens on the right, whose image comes too, with the depth; 0 for none",
        low=0,
        high=10,
    )
    range: float | None = option(
        None, "largest depth in m that is measured; what is farther has none", kind=float, low=0, high=1e6
    )
    k1: float = option(0.0, "radial distortion", low=-1, high=1)
    k2: float = option(0.0, "radial distortion", low=-1, high=1)
    p1: float = option(0.0, "tangential distortion", low=-0.1, high=0.1)
    p2: float = option(0.0, "tangential distortion", low=-0.1, high=0.1)
    k3: float = option(0.0, "radial distortion", low=-1, high=1)
    encoding: str = option("rgb8", "pixel encoding", choices=("rgb8", "bgr8", "mono8"))
    family: str = option("tag36h11", "AprilTag family", choices=tuple(TAG_FAMILIES))
    pace: str = option(
        "realtime",
        "realtime skips images like a camera, fast waits for nobody and skips none",
        choices=("realtime", "fast"),
    )

    def __post_init__(self) -> None:
        check_options(self)
        count = TAG_FAMILIES[self.family].count
        if self.tags > count:
            raise SourceSpecError(f"option 'tags' is {self.tags}: expected at most {count}, which {self.family} has")

    @property
    def size_wh(self) -> tuple[int, int]:
        """(width, height), px."""
        return self.width, self.height

    @property
    def has_depth(self) -> bool:
        """Whether the depth of each pixel comes with the image."""
        return bool(self.depth) or self.stereo > 0

    def intrinsics(self) -> Intrinsics:
        """Return the exact intrinsics; the principal point is the middle of the image."""
        focal = DEFAULT_FOCAL_PER_WIDTH * self.width if self.focal is None else self.focal
        centre_x, centre_y = (self.width - 1) / 2, (self.height - 1) / 2
        camera_matrix = np.array([[focal, 0.0, centre_x], [0.0, focal, centre_y], [0.0, 0.0, 1.0]])
        distortion = np.array([self.k1, self.k2, self.p1, self.p2, self.k3])
        return Intrinsics(camera_matrix, distortion if distortion.any() else np.zeros(0))
