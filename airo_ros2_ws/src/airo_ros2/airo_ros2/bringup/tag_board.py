"""What was found lately, as a table for people."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from airo_ros2.bringup.results import FrameResult
from airo_view.attitude import yaw_pitch_roll
from tag_pose.tagger import DetectedTag

__all__ = ["TagBoard", "sparkline"]

HISTORY_SECS = 20  # of the sparkline, one bar for each
RATE_SECS = 2.0  # that a rate is the mean of
DIM_SECS = 0.5  # without being seen, a tag is shown as lost
FORGET_SECS = 3.0
_BARS = " ▁▂▃▄▅▆▇█"


def sparkline(values: list[float]) -> str:
    """Return numbers as bars; the highest is the full height, and none is no bar."""
    top = max(values, default=0.0)
    if top <= 0:
        return _BARS[0] * len(values)
    return "".join(_BARS[0 if value <= 0 else max(1, round(value / top * (len(_BARS) - 1)))] for value in values)


@dataclass
class _Times:
    """When something happened, in the last HISTORY_SECS."""

    times: deque[float] = field(default_factory=deque)  # s

    def add(self, now: float) -> None:
        self.times.append(now)
        while now - self.times[0] > HISTORY_SECS + 1:
            self.times.popleft()

    def rate(self, now: float) -> float:
        """Hz, over the last RATE_SECS or since the beginning if that is shorter."""
        recent = [t for t in self.times if now - t <= RATE_SECS]
        return len(recent) / min(RATE_SECS, max(now - self.times[0], 0.2)) if recent else 0.0

    def counts(self, now: float) -> list[float]:
        """How often in each of the last whole seconds, oldest first."""
        counts = [0.0] * HISTORY_SECS
        for t in self.times:
            age = int(now) - int(t)
            if 1 <= age <= HISTORY_SECS:
                counts[-age] += 1
        return counts


@dataclass
class _CameraLine:
    newest: FrameResult
    results: _Times = field(default_factory=_Times)


@dataclass
class _TagLine:
    newest: DetectedTag
    sightings: _Times = field(default_factory=_Times)


class TagBoard:
    """Collects results and draws them. May be filled by one thread and drawn by another.

    Args:
        heading: a line above the tables; empty for none.
        clock: returns the time, s.
    """

    def __init__(self, heading: str = "", *, clock: Callable[[], float] = time.monotonic) -> None:
        self._heading = heading
        self._clock = clock
        self._lock = threading.Lock()
        self._cameras: dict[str, _CameraLine] = {}  # by name
        self._tags: dict[tuple[str, str, int], _TagLine] = {}  # by camera, family, id

    def add(self, result: FrameResult) -> None:
        """Take in the result of one frame."""
        now = self._clock()
        with self._lock:
            camera = self._cameras.setdefault(result.camera, _CameraLine(result))
            camera.newest = result
            camera.results.add(now)
            for tag in result.tags:
                key = result.camera, tag.observation.family, tag.observation.tag_id
                line = self._tags.setdefault(key, _TagLine(tag))
                line.newest = tag
                line.sightings.add(now)

    def __rich__(self) -> RenderableType:
        """Return what is drawn now."""
        now = self._clock()
        with self._lock:
            self._tags = {k: line for k, line in self._tags.items() if now - line.sightings.times[-1] <= FORGET_SECS}
            parts: list[RenderableType] = [Text(self._heading, style="dim")] if self._heading else []
            return Group(*parts, self._camera_table(now), self._tag_table(now))

    def _camera_table(self, now: float) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("camera", style="bold")
        for name in ("frame", "Hz", "latency ms"):
            table.add_column(name, justify="right")
        table.add_column("zero-copy")
        table.add_column(f"results per second, last {HISTORY_SECS} s")
        for name, camera in sorted(self._cameras.items()):
            newest = camera.newest
            shared = Text("yes", style="green") if newest.is_zero_copy else Text("no", style="yellow")
            bars = Text(sparkline(camera.results.counts(now)), style="cyan")
            table.add_row(
                name,
                str(newest.sequence),
                f"{camera.results.rate(now):.1f}",
                f"{newest.latency_secs * 1e3:.0f}",
                shared,
                bars,
            )
        return table

    def _tag_table(self, now: float) -> Table:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("camera")
        table.add_column("tag", style="bold")
        for name in ("x m", "y m", "z m", "yaw", "pitch", "roll deg", "± mm", "Hz"):
            table.add_column(name, justify="right")
        for (camera, family, tag_id), line in sorted(self._tags.items()):
            is_lost = now - line.sightings.times[-1] > DIM_SECS
            cells = [*_pose_cells(line.newest), f"{line.sightings.rate(now):.1f}"]
            table.add_row(camera, f"{family}:{tag_id}", *cells, style="dim" if is_lost else "")
        return table


def _pose_cells(tag: DetectedTag) -> list[str]:
    if tag.pose is None:
        return ["-"] * 7
    position = [f"{value:+.3f}" for value in tag.pose.position]
    angles = [f"{value:+.1f}" for value in yaw_pitch_roll(tag.pose.camera_from_tag)]
    if tag.pose.covariance is None:
        return [*position, *angles, "-"]
    return [*position, *angles, f"{np.sqrt(max(np.trace(tag.pose.covariance[:3, :3]), 0.0)) * 1e3:.2f}"]
