"""The point clouds of one camera of a recording."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from mcap.exceptions import McapError
from mcap.reader import make_reader

from airo_camera.exceptions import SourceReadError
from airo_camera.sources.cdr_reader import CdrReader
from airo_frames.point_cloud import PointCloud

if TYPE_CHECKING:
    from airo_camera.sources.recorded_frames import RecordedFrame

__all__ = ["RecordedClouds"]

_WITHOUT_COLOURS = np.dtype([("xyz", np.float32, 3)])
_WITH_COLOURS = np.dtype([("xyz", np.float32, 3), ("rgb", np.uint32)])
Key = tuple[int, int]  # number and stamp, ns


class RecordedClouds:
    """Reads clouds in the order of the frames that they belong to; the file is opened when the first one is wanted.

    Args:
        folder: of the recording.
        camera: its name.
        rows: of the clouds, in the order in which they were written.
    """

    def __init__(self, folder: Path, *, camera: str, rows: list[RecordedFrame]) -> None:
        self._folder = folder
        self._topic = f"/{camera}/points"
        self._rows = rows
        self._positions: dict[Key, int] = {(row.sequence, row.stamp_nanos): at for at, row in enumerate(rows)}
        self._clouds: Iterator[PointCloud] = iter(())
        self._next = len(rows)  # position of the cloud that comes next

    @property
    def has_any(self) -> bool:
        """Whether there are clouds in the recording."""
        return bool(self._rows)

    def has(self, frame: RecordedFrame) -> bool:
        """Return whether there is a cloud of a frame."""
        return (frame.sequence, frame.stamp_nanos) in self._positions

    def cloud_of(self, frame: RecordedFrame) -> PointCloud:
        """Return the cloud of a frame that has one. Its arrays are new ones.

        Raises:
            SourceReadError: a file is damaged, missing or was cut off.
        """
        position = self._positions[frame.sequence, frame.stamp_nanos]
        if position < self._next:  # from the beginning, at the first one and when the recording is looped
            self._clouds, self._next = self._read(), 0
        while True:
            cloud = next(self._clouds)
            self._next += 1
            if self._next > position:
                return cloud

    def _read(self) -> Iterator[PointCloud]:
        position = 0
        while position < len(self._rows):
            path = self._folder / self._rows[position].file
            try:
                with path.open("rb") as file:
                    messages = enumerate(make_reader(file).iter_messages([self._topic], log_time_order=False))
                    while position < len(self._rows) and self._rows[position].file == path.name:
                        row = self._rows[position]
                        data = next((message.data for number, (_, _, message) in messages if number == row.index), None)
                        if data is None:
                            raise SourceReadError(f"{path} ends before cloud {row.index}: it was cut off")
                        yield _cloud(data)
                        position += 1
            except OSError as error:
                raise SourceReadError(f"cannot read {path}: {error.strerror}") from error
            except McapError as error:
                raise SourceReadError(f"{path} is damaged ({error}): try airo-ros2 recover {path}") from error


def _cloud(data: bytes) -> PointCloud:
    reader = CdrReader(data)
    reader.stamp()
    reader.number()  # height
    count = reader.number()
    fields = []
    for _ in range(reader.number()):
        fields.append(reader.text())
        reader.number()  # offset
        reader.skip(1)  # type
        reader.number()  # count
    reader.skip(1)  # byte order
    step = reader.number()
    reader.number()  # of a row
    layout = _WITH_COLOURS if "rgb" in fields else _WITHOUT_COLOURS
    if step != layout.itemsize:
        raise SourceReadError(f"points have the fields {', '.join(fields)} in {step} bytes: expected x, y, z, rgb")
    points = np.frombuffer(reader.rest(), layout, count)
    if "rgb" not in fields:
        return PointCloud(points["xyz"].copy())
    channels = [points["rgb"] >> shift & 255 for shift in (16, 8, 0)]
    return PointCloud(points["xyz"].copy(), np.stack(channels, axis=-1).astype(np.uint8))
