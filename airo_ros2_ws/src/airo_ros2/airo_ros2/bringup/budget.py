"""The shared memory that all streams of a set-up need together, before any of them starts."""

from __future__ import annotations

import os
from pathlib import Path

from airo_camera.exceptions import CameraError
from airo_camera.sources.source import GrabbedImage
from airo_camera.sources.spec import make_source
from airo_frames import FramesError
from airo_frames.formats import smallest_format
from airo_ros2.bringup.config import CameraConfig, SetupConfig
from airo_ros2.exceptions import SharedMemoryBudgetError
from rclpy_loans.layout import message_dtype
from rclpy_loans.shared_memory import SHARED_MEMORY, segment_bytes

__all__ = ["check_budget"]


def check_budget(setup: SetupConfig, *, folder: Path = SHARED_MEMORY) -> None:
    """Do nothing if the frames of all cameras fit into shared memory together.

    Cameras whose image size shows only when they are connected are not counted: their own processes check the room.

    Raises:
        SharedMemoryBudgetError: they do not fit; says what each needs, and how to get more.
    """
    needs = {camera.name: need for camera in setup.cameras if (need := _need(camera)) is not None}
    status = os.statvfs(folder)
    free, total = status.f_bavail * status.f_frsize, status.f_blocks * status.f_frsize
    if sum(needs.values()) > free:
        raise SharedMemoryBudgetError(needs, free=free, total=total)


def _need(camera: CameraConfig) -> int | None:
    """Return the bytes of a camera's frames; None if they are not known before it is connected."""
    try:
        image = _first_image(camera.source)
        if image is None:
            return None
        frame_format = smallest_format(image.size_wh, image.encoding, family=image.family)
    except (CameraError, FramesError):
        return None  # the camera's own process says what is wrong with it
    return segment_bytes(message_dtype(frame_format.msg_type).itemsize, camera.depth)


def _first_image(spec: str) -> GrabbedImage | None:
    source = make_source(spec)
    if source.is_exclusive:
        return None
    with source:
        return source.grab()
