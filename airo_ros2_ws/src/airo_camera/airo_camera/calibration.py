"""Calibration files in the camera_info YAML format of ROS (camera_info_manager, camera_calibration)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from airo_camera.exceptions import CalibrationError
from airo_frames.exceptions import ArrayContractError
from airo_frames.intrinsics import Intrinsics

__all__ = ["Calibration", "read_calibration", "write_calibration"]

# Numbers of distortion coefficients that each model of sensor_msgs/distortion_models.hpp may have; 0 is no distortion.
_COEFFICIENTS = {"plumb_bob": (0, 4, 5), "rational_polynomial": (0, 8, 12, 14), "equidistant": (0, 4)}


@dataclass(frozen=True, eq=False)
class Calibration:
    """Intrinsics of a camera for one image size.

    Attributes:
        intrinsics: for images of size_wh.
        size_wh: (width, height), px.
        camera_name: as written in the file.
    """

    intrinsics: Intrinsics
    size_wh: tuple[int, int]
    camera_name: str = "camera"

    def for_size(self, size_wh: tuple[int, int]) -> Intrinsics:
        """Return the intrinsics of images of a size.

        Raises:
            CalibrationError: the calibration was made for another size; it is never scaled.
        """
        if tuple(size_wh) != self.size_wh:
            raise CalibrationError(
                f"images are {size_wh[0]} x {size_wh[1]} px: expected {self.size_wh[0]} x {self.size_wh[1]} px, "
                f"for which the camera {self.camera_name!r} was calibrated; calibrate it at the size in use"
            )
        return self.intrinsics


def read_calibration(path: str | Path) -> Calibration:
    """Read a calibration file.

    rectification_matrix, projection_matrix and camera_name may be missing.

    Raises:
        CalibrationError: the file is missing or malformed; names the file, the key, what was got and expected.
    """
    file = Path(path).expanduser()
    document = _Document(file, _load(file))
    model = document.text("distortion_model", default=None)
    if model not in _COEFFICIENTS:
        raise document.error("distortion_model", f"is {model!r}", f"one of {', '.join(_COEFFICIENTS)}")
    distortion = document.matrix("distortion_coefficients", shape=None)
    if distortion.size not in _COEFFICIENTS[model]:
        counts = " or ".join(str(count) for count in _COEFFICIENTS[model])
        raise document.error("distortion_coefficients", f"has {distortion.size} numbers", f"{counts} for {model}")
    has_rectification, has_projection = (document.has(f"{name}_matrix") for name in ("rectification", "projection"))
    try:
        intrinsics = Intrinsics(
            camera_matrix=document.matrix("camera_matrix", shape=(3, 3)),
            distortion=distortion.reshape(-1),
            distortion_model=model,
            rectification=document.matrix("rectification_matrix", shape=(3, 3)) if has_rectification else np.eye(3),
            projection=document.matrix("projection_matrix", shape=(3, 4)) if has_projection else np.zeros(0),
        )
    except ArrayContractError as error:
        raise CalibrationError(f"{file}: {error}") from error
    size_wh = (document.whole("image_width"), document.whole("image_height"))
    return Calibration(intrinsics, size_wh, document.text("camera_name", default="camera"))


def write_calibration(path: str | Path, calibration: Calibration) -> None:
    """Write a calibration file that read_calibration() and ROS read.

    Raises:
        CalibrationError: the file cannot be written.
    """
    intrinsics = calibration.intrinsics
    document = {
        "image_width": calibration.size_wh[0],
        "image_height": calibration.size_wh[1],
        "camera_name": calibration.camera_name,
        "camera_matrix": _as_mapping(intrinsics.camera_matrix),
        "distortion_model": intrinsics.distortion_model,
        "distortion_coefficients": _as_mapping(intrinsics.distortion.reshape(1, -1)),
        "rectification_matrix": _as_mapping(intrinsics.rectification),
        "projection_matrix": _as_mapping(intrinsics.projection),
    }
    try:
        Path(path).expanduser().write_text(yaml.safe_dump(document, sort_keys=False, default_flow_style=None))
    except OSError as error:
        raise CalibrationError(f"cannot write the calibration file {path}: {error.strerror}") from error


def _as_mapping(matrix: NDArray[np.float64]) -> dict[str, Any]:
    return {"rows": matrix.shape[0], "cols": matrix.shape[1], "data": matrix.reshape(-1).tolist()}


def _load(file: Path) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CalibrationError(f"cannot read the calibration file {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CalibrationError(f"{file} is not text: expected a camera_info YAML file") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise CalibrationError(f"{file}{line}: malformed YAML: {problem}") from error
    if not isinstance(loaded, dict):
        raise CalibrationError(
            f"{file} holds a {type(loaded).__name__}: expected a mapping with image_width and others"
        )
    return loaded


class _Document:
    """The mapping in a calibration file, with checked access."""

    def __init__(self, file: Path, values: dict[str, Any]) -> None:
        self._file = file
        self._values = values

    def error(self, key: str, got: str, expected: str) -> CalibrationError:
        return CalibrationError(f"{self._file}: {key} {got}: expected {expected}")

    def has(self, key: str) -> bool:
        return key in self._values

    def text(self, key: str, *, default: str | None) -> str:
        value = self._values.get(key, default)
        if value is None:
            raise self.error(key, "is missing", "text")
        return str(value)

    def whole(self, key: str) -> int:
        value = self._get(key, expected="a whole number of px above 0")
        if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
            raise self.error(key, f"is {value!r}", "a whole number of px above 0")
        return value

    def matrix(self, key: str, *, shape: tuple[int, int] | None) -> NDArray[np.float64]:
        """Return a matrix; without a shape, one row of any length."""
        entry = self._get(key, expected="rows, cols and data")
        if not isinstance(entry, dict) or not isinstance(entry.get("data"), list):
            raise self.error(key, f"is {entry!r}", "rows, cols and data")
        numbers = [self._number(key, value) for value in entry["data"]]
        shape = (1, len(numbers)) if shape is None else shape
        if len(numbers) != math.prod(shape):
            raise self.error(key, f"has {len(numbers)} numbers", f"{math.prod(shape)} for {shape[0]} x {shape[1]}")
        stated = (entry.get("rows", shape[0]), entry.get("cols", shape[1]))
        if stated != shape:
            raise self.error(key, f"has {stated[0]} rows and {stated[1]} cols", f"{shape[0]} and {shape[1]}")
        return np.array(numbers, dtype=np.float64).reshape(shape)

    def _get(self, key: str, *, expected: str) -> Any:
        if key not in self._values:
            raise self.error(key, "is missing", expected)
        return self._values[key]

    def _number(self, key: str, value: object) -> float:
        # YAML takes 1e-05 for text, and C++ programs write numbers like that.
        try:
            number = float(value) if isinstance(value, (int, float, str)) else math.nan
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self.error(key, f"holds {value!r}", "finite numbers only")
        return number
