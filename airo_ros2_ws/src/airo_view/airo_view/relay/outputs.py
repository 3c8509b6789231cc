"""The standard topics of one camera."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2

from airo_frames import Frame, Intrinsics, RgbdFrame
from airo_frames.jpeg_frame import encode_frame
from airo_frames.point_cloud import colored_point_cloud
from airo_view.relay.bulk_publisher import BulkPublisher, relay_qos
from airo_view.relay.standard_messages import (
    as_points,
    camera_info,
    cloud_message,
    compressed_message,
    header_of,
    image_message,
)

if TYPE_CHECKING:
    from rclpy.node import Node

__all__ = ["CompressedOutputs", "Outputs", "StandardOutputs"]

# A reader that vanished counts as slow until it is forgotten, 5 s later: others get 2 images per second meanwhile.
ACKNOWLEDGED_SECS = 0.5
IS_DENSE_BYTES = 1  # the field after the data of a PointCloud2


class Outputs(Protocol):
    """Topics that frames of one camera are published on."""

    @property
    def is_wanted(self) -> bool:
        """Whether somebody subscribes to one of them."""

    def publish(self, frame: Frame) -> bool:
        """Publish a frame where somebody subscribes, whole or not at all; return whether it was whole."""

    def close(self) -> None:
        """Stop publishing."""


class StandardOutputs:
    """image_raw and camera_info, and of cameras with depth also depth/image_rect_raw, depth/camera_info and points.

    Args:
        node: publishes.
        camera: its name.
        has_depth: of its message class.
        max_points: of a cloud.
    """

    def __init__(self, node: Node, camera: str, *, has_depth: bool, max_points: int) -> None:
        self._node = node
        self._max_points = max_points
        self._image = BulkPublisher(node, Image, f"/{camera}/image_raw")
        self._infos = {"": node.create_publisher(CameraInfo, f"/{camera}/camera_info", relay_qos())}
        self._depth = self._points = None
        if has_depth:
            self._depth = BulkPublisher(node, Image, f"/{camera}/depth/image_rect_raw")
            self._infos["depth"] = node.create_publisher(CameraInfo, f"/{camera}/depth/camera_info", relay_qos())
            self._points = BulkPublisher(node, PointCloud2, f"/{camera}/points", tail_bytes=IS_DENSE_BYTES)

    @property
    def _bulk(self) -> list[BulkPublisher]:
        return [output for output in (self._image, self._depth, self._points) if output is not None]

    @property
    def is_wanted(self) -> bool:
        """Whether somebody subscribes to one of them."""
        infos = any(info.get_subscription_count() for info in self._infos.values())
        return infos or any(output.is_wanted for output in self._bulk)

    def publish(self, frame: Frame) -> bool:
        """Publish a frame where somebody subscribes, whole or not at all; return whether it was whole."""
        header = header_of(frame)
        filled = [fill for fill in self._fillings(frame) if fill[0].is_wanted]
        for output, fill in filled:
            fill(output)
        if not frame.is_valid():
            return False
        # What belongs to an image comes before it: a reader that pairs them by time need not wait.
        for info in self._infos.values():
            if info.get_subscription_count():
                info.publish(camera_info(header, frame.size_wh, frame.intrinsics))
        for output, _ in filled:
            output.publish()
        return True

    def _fillings(self, frame: Frame) -> list[tuple[BulkPublisher, Callable[[BulkPublisher], None]]]:
        """Return what puts each part of a frame into its message."""
        header, size_wh = header_of(frame), frame.size_wh

        def fill_image(output: BulkPublisher) -> None:
            message = image_message(header, size_wh, frame.encoding, row_bytes=frame.image.strides[0])
            output.fill(message, frame.image)

        fillings: list[tuple[BulkPublisher, Callable[[BulkPublisher], None]]] = [(self._image, fill_image)]
        if isinstance(frame, RgbdFrame) and self._depth is not None and self._points is not None:
            depth_frame = frame

            def fill_depth(output: BulkPublisher) -> None:
                message = image_message(header, size_wh, "32FC1", row_bytes=depth_frame.depth.strides[0])
                output.fill(message, depth_frame.depth)

            def fill_points(output: BulkPublisher) -> None:
                points = _points_of(depth_frame, self._max_points)
                output.fill(cloud_message(header, (points.shape[1], points.shape[0])), points.view(np.uint8))

            fillings.append((self._depth, fill_depth))
            if frame.intrinsics is not None:
                fillings.append((self._points, fill_points))
        return fillings

    def close(self) -> None:
        """Stop publishing."""
        for output in self._bulk:
            output.close()
        for info in self._infos.values():
            self._node.destroy_publisher(info)


class CompressedOutputs:
    """image_raw/compressed, an image at a time: the next one is made when the one before has arrived.

    A slow link would otherwise be filled with parts of images that are given up before they are complete.

    Args:
        node: publishes.
        camera: its name.
        quality: of the JPEG, 1 to 100.
        rate: images per second, at most; 0 for all.
    """

    def __init__(self, node: Node, camera: str, *, quality: int, rate: float) -> None:
        self._output = BulkPublisher(node, CompressedImage, f"/{camera}/image_raw/compressed")
        self._quality = quality
        self._period_secs = 1.0 / rate if rate else 0.0
        self._due_at = 0.0  # s of the monotonic clock

    @property
    def is_wanted(self) -> bool:
        """Whether somebody subscribes."""
        return self._output.is_wanted

    def publish(self, frame: Frame) -> bool:
        """Publish a frame if one is due, whole or not at all; return whether it was whole.

        Raises:
            EncodingError: it cannot be a JPEG image.
        """
        now = time.monotonic()
        if now < self._due_at or not self.is_wanted:
            return True
        if not self._output.wait_until_acknowledged(0.0) and self._output.wait_until_acknowledged(ACKNOWLEDGED_SECS):
            return True  # the link took longer than until the next frame: this one is old by now
        jpeg = encode_frame(frame, quality=self._quality)
        if not frame.is_valid():
            return False
        self._due_at = max(self._due_at, now - self._period_secs) + self._period_secs
        self._output.fill(compressed_message(header_of(frame), frame.encoding), np.frombuffer(jpeg, np.uint8))
        self._output.publish()
        return True

    def close(self) -> None:
        """Stop publishing."""
        self._output.close()


def _points_of(frame: RgbdFrame, max_points: int) -> Any:
    """Return the organized cloud of a frame, (H, W) POINT_DTYPE, reduced by a whole number until it is small enough."""
    width, height = frame.size_wh
    step = 1
    while -(-width // step) * -(-height // step) > max_points:
        step += 1
    depth, intrinsics = np.ascontiguousarray(frame.depth[::step, ::step]), frame.intrinsics
    has_colours = frame.encoding in ("rgb8", "bgr8", "mono8")
    rgb = np.ascontiguousarray(frame.rgb[::step, ::step]) if has_colours else None
    if intrinsics is None:
        raise AssertionError("the caller looks before")
    cloud = colored_point_cloud(depth, rgb, intrinsics=_reduced(intrinsics, step), organized=True)
    return as_points(cloud).reshape(depth.shape)


def _reduced(intrinsics: Intrinsics, step: int) -> Intrinsics:
    """Return the intrinsics of every step-th column and row, from the first on."""
    if step == 1:
        return intrinsics
    matrix = intrinsics.camera_matrix.copy()
    matrix[:2] /= step
    return replace(intrinsics, camera_matrix=matrix, projection=np.zeros(0))
