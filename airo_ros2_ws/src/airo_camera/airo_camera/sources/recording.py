"""A recording of airo_recorder as a source: the same frames at the same times with the same intrinsics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from airo_camera.exceptions import SourceReadError
from airo_camera.sources.pacing import Pacer
from airo_camera.sources.query import check_options, option
from airo_camera.sources.recorded_frames import RecordedFrame, RecordedFrames
from airo_camera.sources.recorded_planes import RecordedPlanes
from airo_camera.sources.retrieval import check_target, not_open
from airo_camera.sources.source import GrabbedImage, Source
from airo_frames.point_cloud import PointCloud

__all__ = ["RecordingOptions", "RecordingSource"]

_USUAL_PERIOD_SECS = 1 / 30
# A stamp that goes back, or this far ahead, is a step of the recorded clock: the time of reception paces there.
_LONGEST_GAP_NANOS = 60_000_000_000
_NOTHING = RecordedPlanes(np.empty(0))


@dataclass(frozen=True)
class RecordingOptions:
    """What may follow the question mark."""

    camera: str = option("", "name of the recorded camera; may be left out where there is one")
    speed: float = option(1.0, "how many times faster than it was recorded; 0 for as fast as it goes", low=0.0)

    def __post_init__(self) -> None:
        check_options(self)


class RecordingSource(Source):
    """The frames of one camera of a recording, with depth and second view where it has them. None is skipped.

    Args:
        path: folder of the recording.
        options: camera and speed.
        rate: images per second instead of the recorded times.
        loop: start again after the last image; the stamps are those of the recording again.
        pacer: schedule of the images, for tests.
    """

    is_live = False

    def __init__(
        self,
        path: str | Path,
        *,
        options: RecordingOptions | None = None,
        rate: float | None = None,
        loop: bool = False,
        pacer: Pacer | None = None,
    ) -> None:
        self._path = Path(path).expanduser()
        self._options = options or RecordingOptions()
        self._rate = rate
        self._loop = loop
        self._given_pacer = pacer
        self._pacer = Pacer()
        self._recorded: RecordedFrames | None = None  # None while closed
        self._frames: Iterator[RecordedPlanes] = iter(())
        self._number = 0  # of the next image in this round
        self._due = 0.0  # of the last image, s of the schedule
        self._last_times: tuple[int, int] | None = None  # stamp and reception of the last image, ns
        self._grabbed: GrabbedImage | None = None
        self._row: RecordedFrame | None = None  # of what was grabbed
        self._planes = _NOTHING

    def open(self) -> None:
        """Read what was recorded.

        Raises:
            SourceOpenError: there is no recording, or none of that camera.
        """
        self.close()
        recorded = RecordedFrames(self._path, camera=self._options.camera)
        self._recorded = recorded
        self.fps = self._rate or recorded.fps
        self._pacer = Pacer() if self._given_pacer is None else self._given_pacer
        self._frames, self._number = recorded.frames(), 0
        self._due, self._last_times = 0.0, None

    def grab(self) -> GrabbedImage | None:
        """Decode the next image and wait until it is due; None after the last one.

        Raises:
            SourceReadError: a file is damaged or missing.
        """
        if self._recorded is None:
            raise not_open(self)
        self._grabbed = None
        rows = self._recorded.rows
        if self._number >= len(rows):
            if not self._loop:
                return None
            self._frames, self._number, self._last_times = self._recorded.frames(), 0, None
            self._due += self._period
        planes = next(self._frames, None)
        if planes is None:
            raise SourceReadError(f"{self._path} ends after {self._number} of {len(rows)} images: a file was cut off")
        row = rows[self._number]
        self._number += 1
        self._wait(row.stamp_nanos, row.received_nanos)
        self._planes, self._row = planes, row
        has_depth = planes.depth is not None
        self._grabbed = GrabbedImage(
            row.stamp_nanos,
            row.size_wh,
            row.encoding,
            self._recorded.intrinsics_of(row),
            has_depth=has_depth,
            has_confidence=planes.confidence is not None,
            right=self._recorded.right_view_of(row) if has_depth else None,  # there is no message of two views alone
            has_cloud=not self._recorded.clouds.has_any or self._recorded.clouds.has(row),
        )
        return self._grabbed

    def retrieve(self, out: NDArray[Any]) -> None:
        """Copy the decoded image into `out`.

        Raises:
            SourceReadError: nothing was grabbed.
            ArrayContractError: `out` has another shape, dtype or layout.
        """
        check_target(out, self._grabbed)
        np.copyto(out, self._planes.image)

    def retrieve_depth(self, out: NDArray[np.float32]) -> None:
        """Copy the recorded depth into `out`; see Source."""
        np.copyto(out, self._recorded_plane(self._planes.depth, "depth"))

    def retrieve_confidence(self, out: NDArray[np.float32]) -> None:
        """Copy the recorded confidence into `out`; see Source."""
        np.copyto(out, self._recorded_plane(self._planes.confidence, "confidence"))

    def retrieve_right(self, out: NDArray[Any]) -> None:
        """Copy the decoded right view into `out`; see Source."""
        check_target(out, self._grabbed)
        np.copyto(out, self._recorded_plane(self._planes.right, "right view"))

    def retrieve_cloud(self) -> PointCloud:
        """Return the recorded cloud of what was grabbed; see Source."""
        if self._recorded is None or self._row is None or not self._recorded.clouds.has(self._row):
            raise SourceReadError(f"{self._path} has no point cloud of this frame")
        return self._recorded.clouds.cloud_of(self._row)

    def _recorded_plane(self, plane: NDArray[Any] | None, noun: str) -> NDArray[Any]:
        if plane is None:
            raise SourceReadError(f"there is no {noun} to retrieve: it was not recorded, or grab() was not called")
        return plane

    def close(self) -> None:
        """Close the files."""
        self._recorded = None
        self._frames = iter(())
        self._grabbed = self._row = None
        self._planes = _NOTHING

    @property
    def _period(self) -> float:
        return 1 / self.fps if self.fps else _USUAL_PERIOD_SECS

    def _wait(self, stamp_nanos: int, received_nanos: int) -> None:
        if self._last_times is not None:
            passed = stamp_nanos - self._last_times[0]
            if not 0 <= passed <= _LONGEST_GAP_NANOS:
                passed = max(0, received_nanos - self._last_times[1])
            speed = self._options.speed
            self._due += self._period if self._rate else (passed / 1e9 / speed if speed else 0.0)
        self._last_times = stamp_nanos, received_nanos
        if self._rate or self._options.speed:
            self._pacer.wait_for_each(self._due, period=self._period)
