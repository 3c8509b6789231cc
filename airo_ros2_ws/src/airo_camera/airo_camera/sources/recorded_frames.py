"""What a recording's books say of one camera, and the images that they speak of."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_camera.exceptions import SourceOpenError, SourceReadError
from airo_frames.exceptions import FramesError
from airo_frames.intrinsics import Intrinsics

__all__ = ["RecordedFrame", "RecordedFrames"]

SUMMARY = "summary.json"


@dataclass(frozen=True)
class RecordedFrame:
    """One frame that was written.

    Attributes:
        sequence: number that the camera gave it.
        stamp_nanos: acquisition time, ns since the epoch.
        received_nanos: when the recorder got it, ns since the epoch.
        size_wh: (width, height), px.
        encoding: one of airo_frames.encodings.ENCODINGS.
        intrinsics: number of its intrinsics in the summary; None without.
        file: name.
        index: of its picture in the file, or of its message among those of its topic.
    """

    sequence: int
    stamp_nanos: int
    received_nanos: int
    size_wh: tuple[int, int]
    encoding: str
    intrinsics: int | None
    file: str
    index: int


class RecordedFrames:
    """The frames of one camera of a recording, in the order in which they were written.

    Args:
        folder: of the recording.
        camera: name; may be empty where one was recorded.

    Raises:
        SourceOpenError: there is no recording, or none of that camera, or nothing was written.
    """

    def __init__(self, folder: Path, *, camera: str = "") -> None:
        self._folder = folder
        cameras = _cameras(folder)
        if not camera and len(cameras) != 1:
            raise SourceOpenError(
                f"{folder} has the cameras {', '.join(cameras)}: choose one, recording:{folder}?camera={min(cameras)}"
            )
        self.camera = camera or next(iter(cameras))
        if self.camera not in cameras:
            raise SourceOpenError(f"{folder} has no camera {camera!r}: expected one of {', '.join(cameras)}")
        try:
            self._intrinsics = [_intrinsics(each) for each in cameras[self.camera]["intrinsics"]]
            self.rows = sorted(
                _rows(folder / cameras[self.camera]["sidecar"]), key=lambda row: (_file_order(row.file), row.index)
            )
        except (OSError, KeyError, ValueError, FramesError) as error:
            raise SourceOpenError(f"the books of {folder} are damaged: {error}") from error
        if not self.rows:
            raise SourceOpenError(f"{folder} holds no frame of {self.camera}")

    @property
    def fps(self) -> float | None:
        """Mean frames per second; None for a single frame."""
        first, last = self.rows[0].stamp_nanos, self.rows[-1].stamp_nanos
        return (len(self.rows) - 1) / ((last - first) / 1e9) if last > first else None

    def intrinsics_of(self, row: RecordedFrame) -> Intrinsics | None:
        """Return the intrinsics of a frame."""
        return None if row.intrinsics is None else self._intrinsics[row.intrinsics]

    def images(self) -> Iterator[NDArray[Any]]:
        """Yield the image of each row, in its encoding. New arrays.

        Raises:
            SourceReadError: a file is damaged, missing or was cut off.
        """
        by_file: dict[str, list[RecordedFrame]] = defaultdict(list)
        for row in self.rows:
            by_file[row.file].append(row)
        for name, rows in by_file.items():
            path = self._folder / name
            if not path.is_file():
                raise SourceReadError(f"{path} is missing: expected {len(rows)} frames in it")
            if path.suffix == ".mcap":
                from airo_camera.sources.recorded_messages import read_messages

                yield from read_messages(path, rows, camera=self.camera)
            else:
                from airo_camera.sources.recorded_video import read_pictures

                yield from read_pictures(path, rows)


def _cameras(folder: Path) -> dict[str, Any]:
    path = folder / SUMMARY
    try:
        cameras: dict[str, Any] = json.loads(path.read_text())["cameras"]
    except OSError as error:
        raise SourceOpenError(f"cannot read {path}: {error.strerror}; expected the folder of a recording") from error
    except (ValueError, KeyError) as error:
        raise SourceOpenError(f"{path} is not the summary of a recording: {error}") from error
    return cameras


def _rows(path: Path) -> Iterator[RecordedFrame]:
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["status"] == "written" and row["index"]:  # the last row of a killed recording may be half a one
                yield RecordedFrame(
                    sequence=int(row["sequence"]),
                    stamp_nanos=int(row["stamp_ns"]),
                    received_nanos=int(row["received_ns"]),
                    size_wh=(int(row["width"]), int(row["height"])),
                    encoding=row["encoding"],
                    intrinsics=int(row["intrinsics"]) if row["intrinsics"] else None,
                    file=row["file"],
                    index=int(row["index"]),
                )


def _file_order(name: str) -> tuple[int, str]:
    number = Path(name).stem.rpartition("_")[2]
    return (int(number) if number.isdecimal() else 0), name


def _intrinsics(content: dict[str, Any]) -> Intrinsics:
    return Intrinsics(
        np.array(content["camera_matrix"]),
        distortion=np.array(content["distortion"], np.float64),
        distortion_model=content["distortion_model"],
        rectification=np.array(content["rectification"]),
        projection=np.array(content["projection"]),
    )
