"""Frames with depth, from one or two lenses: everything in one message, so always of one moment."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from airo_frames.exceptions import EncodingError, FramesError
from airo_frames.frame import Frame
from airo_frames.message_fields import read_pixels
from airo_frames.message_head import MessageHead
from airo_frames.point_cloud import PointCloud, colored_point_cloud
from airo_frames.view import View

if TYPE_CHECKING:
    from rclpy_loans.sample import Sample

__all__ = ["RgbdFrame", "StereoRgbdFrame", "read_frame"]


@dataclass(frozen=True, eq=False)
class RgbdFrame(Frame):
    """One image of a camera and the depth of each of its pixels.

    Memory: all arrays are views of the camera's shared slot, as `image` is; see Frame.

    Attributes:
        depth: (height, width) float32, m along the optical axis; NaN where it is not known.
        confidence: (height, width) float32 of the depth, from 0 to 1, which is sure; None when the camera has none.
    """

    _: KW_ONLY
    depth: NDArray[np.float32]
    confidence: NDArray[np.float32] | None = None

    def point_cloud(self, *, organized: bool = False) -> PointCloud:
        """Return the points that the image sees, in the order of its pixels, row by row.

        They are computed here, from depth and intrinsics: a camera need not send what its readers can make.

        Args:
            organized: keep a point for each pixel, NaN where the depth is; otherwise points without depth are left out.

        Returns:
            New arrays; no colours when the encoding has none.

        Raises:
            FramesError: the camera is not calibrated.
            FrameOverwrittenError: the camera reused the slot before the cloud was complete.
        """
        if self.intrinsics is None:
            raise FramesError(
                f"frame {self.sequence} of {self.frame_id or 'the camera'} has no intrinsics: a point cloud needs a "
                "calibrated camera (parameter calibration)"
            )
        rgb = self.rgb if self.encoding in ("rgb8", "bgr8", "mono8") else None
        cloud = colored_point_cloud(self.depth, rgb, intrinsics=self.intrinsics, organized=organized)
        self.check_valid()
        return cloud

    @classmethod
    def _read(cls, sample: Sample, head: MessageHead) -> dict[str, Any]:
        attributes = super()._read(sample, head)
        height, width = attributes["image"].shape[:2]
        if width * height > sample.data["depth"].size:
            raise EncodingError(
                f"a frame on {sample.topic} claims {width}x{height} px: expected at most "
                f"{sample.data['depth'].size} depths"
            )
        attributes["depth"] = sample.data["depth"][: width * height].reshape(height, width)
        if head.fixed.fields["has_confidence"]:
            attributes["confidence"] = sample.data["confidence"][: width * height].reshape(height, width)
        return attributes

    def _copied(self) -> dict[str, Any]:
        confidence = None if self.confidence is None else self.confidence.copy()
        return {**super()._copied(), "depth": self.depth.copy(), "confidence": confidence}


@dataclass(frozen=True, eq=False)
class StereoRgbdFrame(RgbdFrame):
    """Two images of a stereo camera and the depth of each pixel of the left one.

    The frame itself is the left view: image, intrinsics, depth and confidence are the left view's.

    Memory: all arrays are views of the camera's shared slot, as `image` is; see Frame.

    Attributes:
        right: the right view, of the left one's size and encoding.
        left_from_right: (4, 4) float64, m, pose of the right view in the left view.
    """

    _: KW_ONLY
    right: View
    left_from_right: NDArray[np.float64]

    @classmethod
    def _read(cls, sample: Sample, head: MessageHead) -> dict[str, Any]:
        attributes = super()._read(sample, head)
        attributes["right"] = View(
            read_pixels(sample, "right_data", head.fixed), attributes["encoding"], head.fixed.right_intrinsics
        )
        attributes["left_from_right"] = head.fixed.fields["left_from_right"].reshape(4, 4)
        return attributes

    def _copied(self) -> dict[str, Any]:
        right = View(self.right.image.copy(), self.right.encoding, self.right.intrinsics)
        return {**super()._copied(), "right": right}


def read_frame(sample: Sample) -> Frame:
    """Return a view of a message of any family of frames: a Frame, RgbdFrame or StereoRgbdFrame.

    Raises:
        EncodingError: the message has an unknown encoding, or sizes that do not agree.
        FrameOverwrittenError: the camera reused the slot before its head was read.
    """
    fields = sample.data.dtype.names or ()
    if "right_data" in fields:
        return StereoRgbdFrame.from_sample(sample)
    return RgbdFrame.from_sample(sample) if "depth" in fields else Frame.from_sample(sample)
