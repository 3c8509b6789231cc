"""All messages of one frame: image and depth, confidence and second view, with the intrinsics of each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.rotation import quaternion_xyzw
from airo_recorder.cdr import CdrWriter
from airo_recorder.depth_units import as_millimetres, as_steps
from airo_recorder.frame_head import FrameHead, RightLens
from airo_recorder.own_frame import OwnFrame
from airo_recorder.ros_messages import RosMessage, camera_info, compressed_image, message_of, raw_image
from airo_recorder.settings import RecordingSettings

__all__ = ["CONFIDENCE", "DEPTH", "RIGHT", "frame_messages", "right_frame_id"]

# Below the camera's name. Depth is where the relay and REP 118 have it.
DEPTH, CONFIDENCE, RIGHT = "depth/image_rect_raw", "confidence/image_rect_raw", "right/image_raw"
_FRAME_ID_END = "_optical_frame"
# compressed_depth_image_transport's ConfigHeader: the format (0, which only matters for floats) and two parameters.
_COMPRESSED_DEPTH_HEAD = bytes(12)


def frame_messages(camera: str, head: FrameHead, own: OwnFrame, *, settings: RecordingSettings) -> list[RosMessage]:
    """Return the messages of a frame, all with its stamp; the image comes last, so that a whole frame ends with it.

    Raises:
        FrameNotRecordableError: the kind of image that was asked for cannot hold the frame's encoding.
    """
    messages = [camera_info(camera, head)]
    if own.depth is not None:
        messages += [camera_info(camera, head, topic="depth/camera_info"), _depth(camera, head, own.depth, settings)]
    if own.confidence is not None:
        messages.append(_confidence(camera, head, own.confidence, settings))
    if own.right is not None and head.right is not None:
        messages += _right(camera, head, head.right, own.right, settings)
    return [*messages, _image(camera, head, own.image, settings, topic="image_raw")]


def right_frame_id(frame_id: str) -> str:
    """Return the optical frame of the right view, beside that of the left one."""
    if frame_id.endswith(_FRAME_ID_END):
        return frame_id[: -len(_FRAME_ID_END)] + "_right" + _FRAME_ID_END
    return f"{frame_id}_right"


def _image(
    camera: str, head: FrameHead, pixels: NDArray[Any], settings: RecordingSettings, *, topic: str
) -> RosMessage:
    if settings.image == "raw":
        return raw_image(camera, head, pixels, topic=topic)
    return compressed_image(camera, head, pixels, kind=settings.image, quality=settings.quality, topic=topic)


def _depth(camera: str, head: FrameHead, depth: NDArray[np.float32], settings: RecordingSettings) -> RosMessage:
    if settings.depth == "exact":
        return raw_image(camera, replace(head, encoding="32FC1"), depth, topic=DEPTH)
    millimetres = as_millimetres(depth)
    if settings.depth == "mm":
        return raw_image(camera, replace(head, encoding="16UC1"), millimetres, topic=DEPTH)
    _, encoded = cv2.imencode(".png", millimetres)
    writer = CdrWriter()
    writer.header(head.stamp_nanos, head.frame_id)
    writer.text("16UC1; compressedDepth png")
    data = writer.bytes_last(_COMPRESSED_DEPTH_HEAD + encoded.tobytes())
    return message_of(head, f"/{camera}/{DEPTH}/compressedDepth", "sensor_msgs/msg/CompressedImage", data)


def _confidence(
    camera: str, head: FrameHead, confidence: NDArray[np.float32], settings: RecordingSettings
) -> RosMessage:
    if settings.depth == "exact":
        return raw_image(camera, replace(head, encoding="32FC1"), confidence, topic=CONFIDENCE)
    return raw_image(camera, replace(head, encoding="mono8"), as_steps(confidence), topic=CONFIDENCE)


def _right(
    camera: str, head: FrameHead, lens: RightLens, pixels: NDArray[Any], settings: RecordingSettings
) -> list[RosMessage]:
    right_head = replace(head, frame_id=right_frame_id(head.frame_id), intrinsics=lens.intrinsics)
    return [
        _lens_transform(camera, head, lens),
        camera_info(camera, right_head, topic="right/camera_info"),
        _image(camera, right_head, pixels, settings, topic=RIGHT),
    ]


def _lens_transform(camera: str, head: FrameHead, lens: RightLens) -> RosMessage:
    """Return where the right lens is as tf2_msgs/TFMessage, at time 0: it is so always, and the same in each frame."""
    pose = lens.left_from_right
    writer = CdrWriter()
    writer.number("I", 1)
    writer.header(0, head.frame_id)
    writer.text(right_frame_id(head.frame_id))
    writer.number("d", *pose[:3, 3], *quaternion_xyzw(pose[:3, :3]))
    message = message_of(head, "/tf_static", "tf2_msgs/msg/TFMessage", writer.message())
    return replace(message, is_latched=True, latched_as=f"{camera} right")
