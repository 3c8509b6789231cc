"""The pictures in a frame: one, or with depth or a second view several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from airo_frames import EncodingError, Frame
from airo_frames.rgbd_frame import RgbdFrame, StereoRgbdFrame

__all__ = ["PLANES", "Plane"]

PLANES = {"Image": ("",), "Rgbd": ("", "depth"), "StereoRgbd": ("", "depth", "right")}  # by family of the message
_SEPARATOR = ":"  # in no name of ROS


@dataclass(frozen=True)
class Plane:
    """One picture of each frame of a camera.

    Attributes:
        camera: its name; the topics are <camera>/frame and <camera>/tags.
        part: of the frame: empty for the image itself, depth or right.
    """

    camera: str
    part: str = ""

    @classmethod
    def named(cls, name: str) -> Plane:
        """Return the plane that a page names."""
        camera, _, part = name.partition(_SEPARATOR)
        return cls(camera, part)

    @property
    def name(self) -> str:
        """What pages call it: front, front:depth, front:right."""
        return self.camera + (_SEPARATOR + self.part if self.part else "")

    @property
    def shows_tags(self) -> bool:
        """Whether the pixels are those that tag_pose looks at."""
        return self.part != "right"

    def of(self, frame: Frame) -> tuple[NDArray[Any], str]:
        """Return the pixels and their encoding.

        Memory: view of the frame.

        Raises:
            EncodingError: the frame has no such part, as the camera has been started again as another one.
        """
        if not self.part:
            return frame.image, frame.encoding
        if self.part == "depth" and isinstance(frame, RgbdFrame):
            return frame.depth, "32FC1"
        if self.part == "right" and isinstance(frame, StereoRgbdFrame):
            return frame.right.image, frame.right.encoding
        raise EncodingError(f"a {type(frame).__name__} of {self.camera} has no {self.part}")
