"""The interface of every source of images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_camera.exceptions import SourceReadError
from airo_frames.formats import FRAME_FAMILIES
from airo_frames.intrinsics import Intrinsics
from airo_frames.point_cloud import PointCloud

__all__ = ["GrabbedImage", "RightView", "Source", "TagTruth"]


@dataclass(frozen=True, eq=False)
class TagTruth:
    """Where a simulated tag really is.

    Attributes:
        tag_id: number of the tag in its family.
        family: for example tag36h11.
        size: m, edge of the black border.
        camera_from_tag: (4, 4) float64, m; the tag's x points right, y up, z out of the tag towards the viewer.
        corners: (4, 2) float64, px: bottom-left, bottom-right, top-right, top-left of the tag.
    """

    tag_id: int
    family: str
    size: float
    camera_from_tag: NDArray[np.float64]
    corners: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RightView:
    """The second image of a stereo camera, of the first one's size and encoding.

    Attributes:
        left_from_right: (4, 4) float64, m, pose of the right view in the left view.
        intrinsics: of the right view, or None when the source does not know them.
    """

    left_from_right: NDArray[np.float64]
    intrinsics: Intrinsics | None = None


@dataclass(frozen=True, eq=False)
class GrabbedImage:
    """An image that was acquired and now waits in the source to be retrieved.

    Attributes:
        stamp_nanos: acquisition time, ns since the epoch.
        size_wh: (width, height), px.
        encoding: name of one of airo_frames.encodings.ENCODINGS.
        intrinsics: of this image, or None when the source does not know them.
        tags: exact ground truth, from simulated sources only.
        has_depth: retrieve_depth() gives the depth of each pixel.
        has_confidence: retrieve_confidence() tells how sure the depth is.
        right: what retrieve_right() gives, of stereo cameras with depth only.
        has_cloud: no for an image without a cloud, of a source that makes clouds of others.
    """

    stamp_nanos: int
    size_wh: tuple[int, int]
    encoding: str
    intrinsics: Intrinsics | None = None
    tags: tuple[TagTruth, ...] = ()
    has_depth: bool = False
    has_confidence: bool = False
    right: RightView | None = None
    has_cloud: bool = True

    @property
    def family(self) -> str:
        """Family of messages that has room for all of it: Image, Rgbd or StereoRgbd."""
        if not self.has_depth:
            return "Image"
        return "Rgbd" if self.right is None else "StereoRgbd"

    def within(self, family: str) -> GrabbedImage:
        """Return it without what messages of a family have no room for.

        Args:
            family: one of airo_frames.formats.FRAME_FAMILIES.
        """
        rank = FRAME_FAMILIES.index
        if rank(self.family) <= rank(family):
            return self
        has_depth = family != "Image"
        return replace(self, has_depth=has_depth, has_confidence=has_depth and self.has_confidence, right=None)


class Source(ABC):
    """A source of images. All methods are called from one thread; a closed source can be opened again.

    Attributes:
        is_live: images pass whether they are fetched or not (camera, stream); otherwise none is lost (files).
        is_exclusive: only one process can have it open, or opening it takes long: do not open it just to look.
        fps: nominal images per second, or None when unknown; known after open().
    """

    is_live: bool = False
    is_exclusive: bool = False
    fps: float | None = None

    @abstractmethod
    def open(self) -> None:
        """Connect to the source.

        Raises:
            SourceOpenError: it is not there or cannot be opened; everything acquired so far was released.
        """

    @abstractmethod
    def grab(self) -> GrabbedImage | None:
        """Wait for the next image at the source's own pace and keep it; None at the end of the source.

        Raises:
            SourceReadError: the source failed or the image cannot be read.
        """

    @abstractmethod
    def retrieve(self, out: NDArray[Any]) -> None:
        """Write the grabbed image into `out`, which has the grabbed encoding's shape and dtype.

        Raises:
            SourceReadError: the image cannot be decoded.
        """

    def retrieve_depth(self, out: NDArray[np.float32]) -> None:
        """Write the depth of each pixel of the grabbed image into `out`, if it has_depth.

        Args:
            out: (height, width) float32, m along the optical axis; NaN where it is not known.

        Raises:
            SourceReadError: there is none.
        """
        raise SourceReadError(f"{type(self).__name__} has no depth")

    def retrieve_confidence(self, out: NDArray[np.float32]) -> None:
        """Write how sure the depth of each pixel is into `out`, if it has_confidence.

        Args:
            out: (height, width) float32, from 0 to 1, which is sure.

        Raises:
            SourceReadError: there is none.
        """
        raise SourceReadError(f"{type(self).__name__} has no confidence")

    def retrieve_right(self, out: NDArray[Any]) -> None:
        """Write the right view of the grabbed image into `out`, which has the grabbed encoding's shape and dtype.

        Raises:
            SourceReadError: there is none.
        """
        raise SourceReadError(f"{type(self).__name__} has no right view")

    def retrieve_cloud(self) -> PointCloud:
        """Return the points of what was grabbed, if the source makes clouds of its own, as some devices do.

        Returns:
            Only points that are known.

        Raises:
            SourceReadError: it makes none.
        """
        raise SourceReadError(
            f"{type(self).__name__} makes no point clouds of its own: "
            "readers make them from frames with depth (RgbdFrame.point_cloud())"
        )

    @abstractmethod
    def close(self) -> None:
        """Release everything. Calling it again does nothing."""

    def __enter__(self) -> Source:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
