"""Tests of airo_camera.calibration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from airo_camera.calibration import Calibration, read_calibration, write_calibration
from airo_camera.exceptions import CalibrationError
from airo_frames.intrinsics import Intrinsics

# As camera_calibration writes it; 1e-05 is text for YAML.
FILE = """\
image_width: 640
image_height: 480
camera_name: front
camera_matrix:
  rows: 3
  cols: 3
  data: [600.5, 0, 319.5, 0, 601.5, 239.5, 0, 0, 1]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [-0.1, 0.02, 1e-05, -0.002, 0]
rectification_matrix:
  rows: 3
  cols: 3
  data: [1, 0, 0, 0, 1, 0, 0, 0, 1]
projection_matrix:
  rows: 3
  cols: 4
  data: [590, 0, 320, 0, 0, 591, 240, 0, 0, 0, 1, 0]
"""


def written(folder: Path, text: str = FILE) -> Path:
    """Write a calibration file."""
    path = folder / "front.yaml"
    path.write_text(text)
    return path


def test_camera_info_file_is_read(tmp_path: Path) -> None:
    """Every number of a file in the ROS format arrives where it belongs."""
    calibration = read_calibration(written(tmp_path))
    intrinsics = calibration.intrinsics
    assert (calibration.size_wh, calibration.camera_name) == ((640, 480), "front")
    np.testing.assert_array_equal(intrinsics.camera_matrix, [[600.5, 0, 319.5], [0, 601.5, 239.5], [0, 0, 1]])
    np.testing.assert_array_equal(intrinsics.distortion, [-0.1, 0.02, 1e-5, -0.002, 0])
    assert intrinsics.distortion_model == "plumb_bob"
    np.testing.assert_array_equal(intrinsics.projection, [[590, 0, 320, 0], [0, 591, 240, 0], [0, 0, 1, 0]])


def test_written_file_is_read_again(tmp_path: Path) -> None:
    """Writing and reading gives the same numbers, bit for bit."""
    numbers = np.random.default_rng(0).uniform(-0.1, 0.1, 8)
    intrinsics = Intrinsics(np.array([[1 / 3 + 700, 0, 500], [0, 700, 400], [0, 0, 1]]), numbers, "rational_polynomial")
    path = tmp_path / "written.yaml"
    write_calibration(path, Calibration(intrinsics, (1000, 800), "left"))
    calibration = read_calibration(path)
    assert (calibration.size_wh, calibration.camera_name) == ((1000, 800), "left")
    np.testing.assert_array_equal(calibration.intrinsics.camera_matrix, intrinsics.camera_matrix)
    np.testing.assert_array_equal(calibration.intrinsics.distortion, numbers)
    assert calibration.intrinsics.distortion_model == "rational_polynomial"


def test_other_image_size_is_refused(tmp_path: Path) -> None:
    """Intrinsics are never scaled silently."""
    calibration = read_calibration(written(tmp_path))
    assert calibration.for_size((640, 480)) is calibration.intrinsics
    with pytest.raises(CalibrationError, match="1280 x 960 px: expected 640 x 480 px.*'front'"):
        calibration.for_size((1280, 960))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("image_width: 640\n", "", "image_width is missing: expected a whole number"),
        ("image_width: 640", "image_width: 640.5", "image_width is 640.5: expected a whole number"),
        ("image_height: 480", "image_height: 0", "image_height is 0: expected a whole number of px above 0"),
        ("0, 0, 1]\ndist", "0, 0]\ndist", "camera_matrix has 8 numbers: expected 9 for 3 x 3"),
        ("600.5", "-600.5", "camera_matrix has focal lengths"),
        ("600.5", ".nan", "camera_matrix holds nan: expected finite numbers only"),
        ("600.5", "wide", "camera_matrix holds 'wide'"),
        (
            "camera_matrix:\n  rows: 3",
            "camera_matrix:\n  rows: 2",
            "camera_matrix has 2 rows and 3 cols: expected 3 and 3",
        ),
        ("camera_matrix", "camera_matrices", "camera_matrix is missing: expected rows, cols and data"),
        ("model: plumb_bob", "model: fisheye", "distortion_model is 'fisheye': expected one of plumb_bob"),
        ("distortion_model: plumb_bob\n", "", "distortion_model is missing"),
        (
            "cols: 5\n  data: [-0.1, ",
            "cols: 6\n  data: [1, 2, ",
            "distortion_coefficients has 6 numbers: expected 0 or 4 or 5",
        ),
        ("rows: 1\n  cols: 5\n  data: [", "[", "distortion_coefficients is [-0.1, "),
        ("camera_name: front", "camera_name: [front", "line 4: malformed YAML"),
        (FILE, "- 1\n- 2\n", "holds a list: expected a mapping"),
        (FILE, "", "holds a NoneType: expected a mapping"),
    ],
)
def test_malformed_file_is_explained(tmp_path: Path, old: str, new: str, words: str) -> None:
    """The error names the file, the key or line, what was got and what is expected."""
    assert old in FILE
    path = written(tmp_path, FILE.replace(old, new, 1))
    with pytest.raises(CalibrationError) as caught:
        read_calibration(path)
    assert words in str(caught.value) and str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_and_binary_files_are_named(tmp_path: Path) -> None:
    """A file that is not there, or is no text, is an error with its name."""
    with pytest.raises(CalibrationError, match=r"missing\.yaml: No such file"):
        read_calibration(tmp_path / "missing.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(CalibrationError, match=r"binary\.yaml is not text"):
        read_calibration(tmp_path / "binary.yaml")


def test_unwritable_file_is_named(tmp_path: Path) -> None:
    """Writing into a folder that is not there is an error with the name of the file."""
    with pytest.raises(CalibrationError, match=r"nowhere.*No such file"):
        write_calibration(tmp_path / "nowhere" / "a.yaml", read_calibration(written(tmp_path)))


def test_optional_keys_have_defaults(tmp_path: Path) -> None:
    """Without rectification, projection and name, a file still describes a single camera."""
    text = FILE[: FILE.index("rectification_matrix")].replace("camera_name: front\n", "")
    calibration = read_calibration(written(tmp_path, text))
    np.testing.assert_array_equal(calibration.intrinsics.rectification, np.eye(3))
    assert calibration.intrinsics.projection is not None and calibration.camera_name == "camera"
