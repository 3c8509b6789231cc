"""What became of every frame, or cloud, of one camera: counts, and a row for each in the sidecar."""

from __future__ import annotations

import csv
import io
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from airo_frames.intrinsics import Intrinsics
from airo_recorder.frame_head import FrameHead, RightLens

__all__ = ["COLUMNS", "Ledger"]

COLUMNS = (
    "sequence",
    "stamp_ns",
    "received_ns",
    "width",
    "height",
    "encoding",
    "intrinsics",
    "status",
    "reason",
    "file",
    "index",
    "streams",
    "right",
)


class Ledger:
    """Keeps the books of one camera. Used by all threads of a recording.

    Args:
        path: of the sidecar, a CSV file with COLUMNS.
        is_optional: make the sidecar only with the first row.
    """

    def __init__(self, path: Path, *, is_optional: bool = False) -> None:
        self.path = path
        self.frame_id = ""
        self.written = 0
        self.lost: Counter[str] = Counter()  # by reason
        self._streams: Counter[str] = Counter()  # frames that were written with each
        self._rows: list[tuple[Any, ...]] = []  # not in the sidecar yet
        self._intrinsics: list[Intrinsics] = []  # all that came, in order; rows refer to them by number
        self._right_lenses: list[tuple[RightLens, int | str]] = []  # the same, each with the number of its intrinsics
        self._is_optional = is_optional
        self._lock = threading.Lock()

    def add_written(self, head: FrameHead, *, file: str, index: int) -> None:
        """Note a frame that is in a file.

        Args:
            head: of the frame.
            file: name, in the folder of the recording.
            index: of its picture, or of its message among those of its topic, from 0.
        """
        with self._lock:
            self.written += 1
            self.frame_id = head.frame_id
            self._streams.update(head.streams)
            self._rows.append((*self._described(head), "written", "", file, index, *self._parts(head)))

    def add_lost(self, head: FrameHead, reason: str) -> None:
        """Note a frame that was received, and is in no file."""
        with self._lock:
            self.lost[reason] += 1
            self._rows.append((*self._described(head), "lost", reason, "", "", *self._parts(head)))

    def add_missing(self, sequence: int, reason: str) -> None:
        """Note a frame of which only the number is known."""
        with self._lock:
            self.lost[reason] += 1
            self._rows.append((sequence, *[""] * 6, "lost", reason, "", "", "", ""))

    @property
    def lost_count(self) -> int:
        """Frames that are in no file."""
        with self._lock:
            return self.lost.total()

    def written_by_stream(self) -> dict[str, int]:
        """Return how many frames were written with each stream."""
        with self._lock:
            return dict(self._streams)

    def pending(self) -> list[tuple[Any, ...]]:
        """Return the rows that are not in the sidecar yet. Intrinsics that they refer to are in as_dict() by now."""
        with self._lock:
            return self._rows[:]

    def append(self, rows: list[tuple[Any, ...]]) -> None:
        """Append the pending rows to the sidecar.

        Raises:
            OSError: they cannot be written; they stay pending.
        """
        if self._is_optional and not rows:
            return
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab", buffering=0) as file:
            start = file.tell()
            data = (text.getvalue() if start else ",".join(COLUMNS) + "\n" + text.getvalue()).encode()
            try:
                while data:
                    data = data[file.write(data) :]
            except OSError:
                file.truncate(start)  # no row is ever in it twice or in half
                raise
        with self._lock:
            del self._rows[: len(rows)]

    def as_dict(self) -> dict[str, Any]:
        """Return the counts and the intrinsics for the summary."""
        with self._lock:
            return {
                "sidecar": self.path.name,
                "frame_id": self.frame_id,
                "written": self.written,
                "lost": self.lost.total(),
                "lost_by_reason": dict(self.lost),
                "intrinsics": [_intrinsics_as_dict(each) for each in self._intrinsics],
                "right_lenses": [
                    {"intrinsics": None if number == "" else number, "left_from_right": lens.left_from_right.tolist()}
                    for lens, number in self._right_lenses
                ],
            }

    def _described(self, head: FrameHead) -> tuple[Any, ...]:
        times = head.sequence, head.stamp_nanos, head.received_nanos
        return (*times, *head.size_wh, head.encoding, self._number_of(head.intrinsics))

    def _parts(self, head: FrameHead) -> tuple[str, int | str]:
        return " ".join(head.streams), "" if head.right is None else self._number_of_lens(head.right)

    def _number_of_lens(self, lens: RightLens) -> int:
        intrinsics = self._number_of(lens.intrinsics)
        for number, (known, of_known) in enumerate(self._right_lenses):
            if of_known == intrinsics and np.array_equal(known.left_from_right, lens.left_from_right):
                return number
        self._right_lenses.append((lens, intrinsics))
        return len(self._right_lenses) - 1

    def _number_of(self, intrinsics: Intrinsics | None) -> int | str:
        if intrinsics is None:
            return ""
        for number in range(len(self._intrinsics) - 1, -1, -1):
            if self._intrinsics[number] is intrinsics or _are_equal(self._intrinsics[number], intrinsics):
                return number
        self._intrinsics.append(intrinsics)
        return len(self._intrinsics) - 1


def _are_equal(a: Intrinsics, b: Intrinsics) -> bool:
    return a.distortion_model == b.distortion_model and all(
        np.array_equal(getattr(a, name), getattr(b, name))
        for name in ("camera_matrix", "distortion", "rectification", "projection")
    )


def _intrinsics_as_dict(intrinsics: Intrinsics) -> dict[str, Any]:
    return {
        "camera_matrix": intrinsics.camera_matrix.tolist(),
        "distortion_model": intrinsics.distortion_model,
        "distortion": intrinsics.distortion.tolist(),
        "rectification": intrinsics.rectification.tolist(),
        "projection": intrinsics.projection.tolist(),
    }
