"""What the process of a served camera is told, and how that is sent."""

from __future__ import annotations

import io
import os
import pickle
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any

import cloudpickle

from airo_frames.formats import FRAME_FAMILIES
from airo_ros2.exceptions import CameraStartError

__all__ = ["ServingRequest", "packed", "packed_object", "read_object"]

_LENGTH_BYTES = 8


@dataclass(frozen=True)
class ServingRequest:
    """A camera to serve.

    Attributes:
        name: of the camera.
        camera: a specification of a source (see airo_camera.sources.spec), or a class or function that makes a camera.
        camera_kwargs: arguments of the class or function.
        rate: images per second of a source of files, or at most of a camera object; None leaves it to the source.
        loop: begin a source of files again at its end.
        calibration: YAML file in the camera_info format; empty for what the source knows.
        frame_id: optical frame; empty for <name>_optical_frame.
        depth: frames kept in shared memory for readers.
        family: of messages, one of airo_frames.formats.FRAME_FAMILIES: what it has no room for is not sent.
    """

    name: str
    camera: str | Callable[..., Any]
    camera_kwargs: Mapping[str, Any] = field(default_factory=dict)
    rate: float | None = None
    loop: bool = False
    calibration: str = ""
    frame_id: str = ""
    depth: int = 4
    family: str = FRAME_FAMILIES[-1]


def packed(request: ServingRequest) -> bytes:
    """Return a request as bytes that another interpreter can read.

    Raises:
        CameraStartError: something in it cannot be sent.
    """
    try:
        return packed_object(request, code=request.camera)
    except Exception as error:  # whatever a class raises when it is pickled
        raise CameraStartError(
            f"camera {request.name!r} cannot be sent to its process: {error}: give a class or function, and arguments, "
            "that can be pickled; what cannot, such as an open device, must be made inside of it"
        ) from error


def packed_object(request: object, *, code: object) -> bytes:
    """Return an object as bytes that read_object() reads in another interpreter.

    Classes and functions of a script, a notebook or a test are sent whole, since their module cannot be imported.

    Args:
        request: anything that can be pickled.
        code: the class or function in it that may be of such a module.
    """
    module = sys.modules.get(getattr(code, "__module__", None) or "")
    by_value = module is not None and not _is_importable(module)
    if by_value:
        cloudpickle.register_pickle_by_value(module)
    try:
        content = pickle.dumps(list(sys.path)) + bytes(cloudpickle.dumps(request))
    finally:
        if by_value:
            cloudpickle.unregister_pickle_by_value(module)
    return len(content).to_bytes(_LENGTH_BYTES, "big") + content


def read_object(descriptor: int) -> Any:
    """Read what was packed, and nothing beyond; take over the import path of the process that packed it."""
    length = int.from_bytes(_read(descriptor, _LENGTH_BYTES), "big")
    stream = io.BytesIO(_read(descriptor, length))
    sys.path[:] = pickle.load(stream)
    return pickle.load(stream)


def _read(descriptor: int, count: int) -> bytes:
    content = b""
    while len(content) < count:
        read = os.read(descriptor, count - len(content))
        if not read:
            raise EOFError("the program that started this process has ended before it said what for")
        content += read
    return content


def _is_importable(module: ModuleType) -> bool:
    top = module.__name__.partition(".")[0]
    # __main__ is sent whole by cloudpickle itself.
    return top == "__main__" or top in sys.builtin_module_names or PathFinder.find_spec(top) is not None
