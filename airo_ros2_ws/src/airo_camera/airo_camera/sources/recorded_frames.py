"""What a recording's books say of one camera, and the frames that they speak of."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from airo_camera.exceptions import SourceOpenError, SourceReadError
from airo_camera.sources.recorded_clouds import RecordedClouds
from airo_camera.sources.recorded_planes import RecordedPlanes
from airo_camera.sources.source import RightView
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
        streams: what there is of it: image, and maybe depth, confidence and right.
        right_lens: number of its right lens in the summary; None without.
    """

    sequence: int
    stamp_nanos: int
    received_nanos: int
    size_wh: tuple[int, int]
    encoding: str
    intrinsics: int | None
    file: str
    index: int
    streams: tuple[str, ...] = ("image",)
    right_lens: int | None = None


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
            books = cameras[self.camera]
            self._intrinsics = [_intrinsics(each) for each in books["intrinsics"]]
            self._right_lenses = [self._right_view(each) for each in books.get("right_lenses", ())]
            self.rows = _sorted_rows(folder / books["sidecar"])
            clouds = _sorted_rows(folder / books["clouds"]["sidecar"]) if "clouds" in books else []
            self.clouds = RecordedClouds(folder, camera=self.camera, rows=clouds)
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

    def right_view_of(self, row: RecordedFrame) -> RightView | None:
        """Return where a frame's right lens was; None of frames without a right view."""
        return None if row.right_lens is None else self._right_lenses[row.right_lens]

    def frames(self) -> Iterator[RecordedPlanes]:
        """Yield the frame of each row. New arrays.

        Raises:
            SourceReadError: a file is damaged, missing or was cut off.
        """
        for name, group in groupby(self.rows, key=lambda row: row.file):
            path, rows = self._folder / name, list(group)
            if not path.is_file():
                raise SourceReadError(f"{path} is missing: expected {len(rows)} frames in it")
            if path.suffix == ".mcap":
                from airo_camera.sources.recorded_messages import read_messages

                yield from read_messages(path, rows, camera=self.camera)
            else:
                from airo_camera.sources.recorded_video import read_pictures

                yield from read_pictures(path, rows, camera=self.camera)

    def _right_view(self, content: dict[str, Any]) -> RightView:
        number = content["intrinsics"]
        pose = np.array(content["left_from_right"], np.float64)
        return RightView(pose, None if number is None else self._intrinsics[number])


def _cameras(folder: Path) -> dict[str, Any]:
    path = folder / SUMMARY
    try:
        cameras: dict[str, Any] = json.loads(path.read_text())["cameras"]
    except OSError as error:
        raise SourceOpenError(f"cannot read {path}: {error.strerror}; expected the folder of a recording") from error
    except (ValueError, KeyError) as error:
        raise SourceOpenError(f"{path} is not the summary of a recording: {error}") from error
    return cameras


def _sorted_rows(path: Path) -> list[RecordedFrame]:
    """Return the rows of what was written, in the order in which it stands in the files."""
    return sorted(_rows(path), key=lambda row: (_file_order(row.file), row.index))


def _rows(path: Path) -> Iterator[RecordedFrame]:
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["status"] == "written" and _is_whole(row):  # the last row of a killed recording may be half a one
                yield RecordedFrame(
                    sequence=int(row["sequence"]),
                    stamp_nanos=int(row["stamp_ns"]),
                    received_nanos=int(row["received_ns"]),
                    size_wh=(int(row["width"]), int(row["height"])),
                    encoding=row["encoding"],
                    intrinsics=int(row["intrinsics"]) if row["intrinsics"] else None,
                    file=row["file"],
                    index=int(row["index"]),
                    streams=tuple(row["streams"].split()) if row.get("streams") else ("image",),
                    right_lens=int(row["right"]) if row.get("right") else None,
                )


def _is_whole(row: dict[str, str | None]) -> bool:
    """Return whether no column is missing; recordings of earlier versions have none for streams."""
    return bool(row["index"]) and row.get("right", "") is not None


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
