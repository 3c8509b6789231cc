"""A frame as a JPEG image that carries what else a frame knows, and back.

Number, encoding and intrinsics travel in a comment of the image (ITU T.81, marker COM), which every decoder passes
over: so they can never be of another image, and it is an ordinary JPEG image for everybody else.
"""

from __future__ import annotations

import json
import struct
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from airo_frames.exceptions import ArrayContractError, EncodingError
from airo_frames.frame import Frame
from airo_frames.intrinsics import Intrinsics

__all__ = ["JPEG_ENCODINGS", "decode_frame", "encode_frame"]

JPEG_ENCODINGS = ("rgb8", "bgr8", "mono8")
_SOI, _APP0, _COM, _SOS = b"\xff\xd8", 0xE0, 0xFE, 0xDA
_TAG = b"airo-ros2 "
_FIELDS = ("camera_matrix", "distortion", "rectification", "projection")


def encode_frame(frame: Frame, *, quality: int) -> bytes:
    """Return a frame as a JPEG image. The caller asks whether the frame is still valid afterwards.

    Args:
        frame: with an encoding among JPEG_ENCODINGS; depth and second views are left out.
        quality: 1 to 100.

    Raises:
        EncodingError: the encoding has no JPEG form.
    """
    if frame.encoding not in JPEG_ENCODINGS:
        raise EncodingError(f"a {frame.encoding} frame cannot be a JPEG image: expected {', '.join(JPEG_ENCODINGS)}")
    image = cv2.cvtColor(frame.image, cv2.COLOR_RGB2BGR) if frame.encoding == "rgb8" else frame.image
    is_encoded, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not is_encoded:
        raise EncodingError(f"a {image.shape[1]}x{image.shape[0]} {frame.encoding} image cannot be encoded as JPEG")
    jpeg = encoded.tobytes()
    comment = _TAG + json.dumps(_described(frame), separators=(",", ":")).encode()
    # After the JFIF header, which some decoders want first.
    at = 2 if jpeg[3] != _APP0 else 4 + int.from_bytes(jpeg[4:6], "big")
    return b"".join((jpeg[:at], struct.pack(">BBH", 0xFF, _COM, 2 + len(comment)), comment, jpeg[at:]))


def decode_frame(jpeg: bytes, *, stamp_nanos: int, frame_id: str, sequence: int) -> Frame:
    """Return the frame of a JPEG image.

    Args:
        jpeg: from encode_frame(), or any other: then without intrinsics, colours as rgb8.
        stamp_nanos: acquisition time, ns since the epoch.
        frame_id: optical frame of the camera.
        sequence: for an image that does not know its number.

    Raises:
        EncodingError: it is no image.
    """
    described = _description(jpeg)
    try:
        encoding = described.get("encoding")
        if encoding not in JPEG_ENCODINGS:
            encoding = "rgb8"
        mode = cv2.IMREAD_GRAYSCALE if encoding == "mono8" else cv2.IMREAD_COLOR
        image: Any = cv2.imdecode(np.frombuffer(jpeg, np.uint8), mode | cv2.IMREAD_IGNORE_ORIENTATION)
        if image is None:
            raise EncodingError(f"{len(jpeg)} bytes with time {stamp_nanos} are not an image")
        if encoding == "rgb8":
            image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        return Frame(
            image=_read_only(image),
            encoding=encoding,
            stamp_nanos=stamp_nanos,
            sequence=int(described.get("sequence", sequence)),
            frame_id=frame_id,
            intrinsics=_intrinsics(described.get("intrinsics")),
        )
    except (cv2.error, ArrayContractError, KeyError, TypeError, ValueError) as error:
        raise EncodingError(f"a compressed image with time {stamp_nanos} cannot be understood: {error}") from error


def _described(frame: Frame) -> dict[str, Any]:
    known = frame.intrinsics
    intrinsics = None
    if known is not None:
        intrinsics = {name: getattr(known, name).ravel().tolist() for name in _FIELDS}
        intrinsics["distortion_model"] = known.distortion_model
    return {"sequence": frame.sequence, "encoding": frame.encoding, "intrinsics": intrinsics}


def _description(jpeg: bytes) -> dict[str, Any]:
    """Return what a comment of ours says; nothing if there is none before the pixels."""
    at = 2
    while jpeg[:2] == _SOI and at + 4 <= len(jpeg) and jpeg[at] == 0xFF and jpeg[at + 1] != _SOS:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if jpeg[at + 1] == _COM and jpeg[at + 4 :].startswith(_TAG, 0, len(_TAG)):
            try:
                described = json.loads(jpeg[at + 4 + len(_TAG) : end])
            except ValueError:
                return {}
            return described if isinstance(described, dict) else {}
        at = end
    return {}


def _intrinsics(values: Any) -> Intrinsics | None:
    if values is None:
        return None
    return Intrinsics(
        np.array(values["camera_matrix"]).reshape(3, 3),
        distortion=np.array(values["distortion"]),
        distortion_model=str(values["distortion_model"]),
        rectification=np.array(values["rectification"]).reshape(3, 3),
        projection=np.array(values["projection"]).reshape(3, 4),
    )


def _read_only(image: NDArray[Any]) -> NDArray[Any]:
    image.flags.writeable = False  # as every frame's that was not copied
    return image
