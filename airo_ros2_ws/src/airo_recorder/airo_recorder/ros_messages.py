"""Frames and tags as serialised ROS 2 messages, without ROS."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.encodings import encoding_named
from airo_frames.stamps import read_stamp
from airo_frames.text import read_text
from airo_recorder.cdr import CDR_HEADER, CdrWriter
from airo_recorder.exceptions import FrameNotRecordableError
from airo_recorder.frame_head import FrameHead

__all__ = [
    "RosMessage",
    "camera_info",
    "compressed_image",
    "message_of",
    "raw_image",
    "tag_detections",
    "tag_transforms",
]

_TO_BGR = {"rgb8": cv2.COLOR_RGB2BGR, "bgr8": None, "mono8": None, "16UC1": None}
_USUAL_JPEG_QUALITY = 90


@dataclass(frozen=True, eq=False)
class RosMessage:
    """A serialised message and where it belongs.

    Attributes:
        topic: for example /front/image_raw.
        type_name: for example sensor_msgs/msg/Image.
        data: CDR, with its header.
        stamp_nanos: time that it speaks of, ns since the epoch.
        received_nanos: when the recorder got it, ns since the epoch.
        sequence: number that its publisher gave it, 0 for none.
        is_latched: whoever comes late needs it, too: it is written to each file of a recording.
        latched_as: tells latched messages of one topic apart that do not replace each other.
    """

    topic: str
    type_name: str
    data: bytes
    stamp_nanos: int
    received_nanos: int
    sequence: int = 0
    is_latched: bool = False
    latched_as: str = ""


def raw_image(camera: str, head: FrameHead, own: NDArray[Any], *, topic: str = "image_raw") -> RosMessage:
    """Return pixels of a frame as sensor_msgs/Image.

    Args:
        camera: name of the camera.
        head: of the frame; its encoding is that of the pixels.
        own: pixels.
        topic: below the camera's name.
    """
    encoding = encoding_named(head.encoding)
    writer = CdrWriter()
    writer.header(head.stamp_nanos, head.frame_id)
    writer.number("I", head.size_wh[1], head.size_wh[0])
    writer.text(head.encoding)
    writer.number("B", 0)
    writer.number("I", encoding.row_bytes(head.size_wh[0]))
    data = writer.bytes_last(own.data.cast("B"))
    return message_of(head, f"/{camera}/{topic}", "sensor_msgs/msg/Image", data)


def compressed_image(
    camera: str, head: FrameHead, own: NDArray[Any], *, kind: str, quality: int, topic: str = "image_raw"
) -> RosMessage:
    """Return a frame as sensor_msgs/CompressedImage.

    Args:
        camera: name of the camera.
        head: of the frame.
        own: pixels.
        kind: jpeg or png, which is lossless.
        quality: of JPEG, 0 to 100; negative for the usual one.
        topic: of the raw image, below the camera's name.

    Raises:
        FrameNotRecordableError: the kind cannot hold the frame's encoding.
    """
    if head.encoding not in _TO_BGR or (kind == "jpeg" and own.dtype != np.uint8):
        raise FrameNotRecordableError(f"frames are {head.encoding}, which {kind} cannot hold: expected image raw")
    conversion = _TO_BGR[head.encoding]
    pixels = own if conversion is None else cv2.cvtColor(own, conversion)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality if quality >= 0 else _USUAL_JPEG_QUALITY] if kind == "jpeg" else []
    _, encoded = cv2.imencode(".jpg" if kind == "jpeg" else ".png", pixels, options)
    colours = " bgr8" if own.ndim == 3 else ""
    writer = CdrWriter()
    writer.header(head.stamp_nanos, head.frame_id)
    writer.text(f"{head.encoding}; {kind} compressed{colours}")
    data = writer.bytes_last(encoded.tobytes())
    return message_of(head, f"/{camera}/{topic}/compressed", "sensor_msgs/msg/CompressedImage", data)


def camera_info(camera: str, head: FrameHead, *, topic: str = "camera_info") -> RosMessage:
    """Return what is known of a frame's intrinsics as sensor_msgs/CameraInfo, which is all zero without calibration."""
    writer = CdrWriter()
    writer.header(head.stamp_nanos, head.frame_id)
    writer.number("I", head.size_wh[1], head.size_wh[0])
    known = head.intrinsics
    writer.text(known.distortion_model if known else "")
    writer.sequence("d", known.distortion.tolist() if known else [])
    writer.number("d", *(known.camera_matrix if known else np.zeros((3, 3))).ravel())
    writer.number("d", *(known.rectification if known else np.zeros((3, 3))).ravel())
    writer.number("d", *(known.projection if known else np.zeros((3, 4))).ravel())
    writer.number("I", *[0] * 6)  # binning and region of interest: the whole image
    writer.number("B", 0)
    return message_of(head, f"/{camera}/{topic}", "sensor_msgs/msg/CameraInfo", writer.message())


def tag_detections(camera: str, record: NDArray[np.void], *, received_nanos: int) -> RosMessage:
    """Return a TagDetections record as a message: fixed size without hidden padding, its memory is its CDR."""
    return RosMessage(
        f"/{camera}/tags",
        "airo_camera_msgs/msg/TagDetections",
        CDR_HEADER + record.tobytes(),
        read_stamp(record["stamp"]),
        received_nanos,
        int(record["sequence"]),
    )


def tag_transforms(record: NDArray[np.void], *, received_nanos: int) -> RosMessage | None:
    """Return the tags of a TagDetections record that have a pose and a unique name as tf2_msgs/TFMessage.

    That is what tag_pose publishes on /tf where tf2_msgs is installed.
    """
    tags = record["detections"][: int(record["count"])]
    names = [f"{read_text(tag['family'])}:{int(tag['id'])}" for tag in tags]
    counts = Counter(name for name, tag in zip(names, tags, strict=True) if tag["has_pose"])
    located = [(name, tag) for name, tag in zip(names, tags, strict=True) if counts[name] == 1 and tag["has_pose"]]
    if not located:
        return None
    stamp_nanos = read_stamp(record["stamp"])
    writer = CdrWriter()
    writer.number("I", len(located))
    for name, tag in located:
        writer.header(stamp_nanos, read_text(record["frame_id"]))
        writer.text(name)
        writer.number("d", *tag["position"], *tag["orientation"])
    return RosMessage("/tf", "tf2_msgs/msg/TFMessage", writer.message(), stamp_nanos, received_nanos)


def message_of(head: FrameHead, topic: str, type_name: str, data: bytes) -> RosMessage:
    """Return a message with the times and the number of a frame."""
    return RosMessage(topic, type_name, data, head.stamp_nanos, head.received_nanos, head.sequence)
