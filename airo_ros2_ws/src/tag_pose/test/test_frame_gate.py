"""Frames are left out as asked, and no others."""

from __future__ import annotations

import numpy as np
import pytest

from tag_pose.exceptions import DetectorSettingError
from tag_pose.frame_gate import FrameGate

MS = 1_000_000


def admitted(gate: FrameGate, sequences: list[int], stamps_ms: list[float]) -> list[int]:
    """Return the numbers of the frames that pass."""
    return [s for s, stamp in zip(sequences, stamps_ms, strict=True) if gate.admits(s, round(stamp * MS))]


def test_every_frame_passes_by_default() -> None:
    """Without limits nothing is left out."""
    assert admitted(FrameGate(), [1, 2, 5], [10, 11, 12]) == [1, 2, 5]


def test_every_nth_counts_frames_that_were_not_seen() -> None:
    """A frame passes when it is at least n further than the last one, whatever was dropped between."""
    assert admitted(FrameGate(every_nth=3), [1, 2, 3, 4, 6, 7, 20, 22, 23], list(range(9))) == [1, 4, 7, 20, 23]


@pytest.mark.parametrize("jitter_ms", [0.0, 2.0])
def test_rate_is_kept_on_average(jitter_ms: float) -> None:
    """30 Hz become 10 Hz, also when stamps jitter around the moment at which a frame is due."""
    stamps = np.arange(300) * 1000 / 30 + np.random.default_rng(0).uniform(-jitter_ms, jitter_ms, 300) + 1e6
    passed = admitted(FrameGate(max_rate=10.0), list(range(1, 301)), list(stamps))
    assert 98 <= len(passed) <= 101


def test_a_pause_is_not_made_up_for() -> None:
    """After a pause frames come at the rate again, not all at once."""
    stamps = [0, 100, 200, 5000, 5010, 5020, 5100]
    assert admitted(FrameGate(max_rate=10.0), list(range(1, 8)), stamps) == [1, 2, 3, 4, 7]


def test_a_restarted_camera_begins_anew() -> None:
    """Numbers or times that go back do not stop the stream."""
    gate = FrameGate(every_nth=5, max_rate=1.0)
    assert admitted(gate, [1000, 1, 2, 6], [9e6, 9e6 + 1, 9e6 + 2, 9e6 + 2000]) == [1000, 1, 6]
    assert admitted(gate, [20], [5.0]) == [20]


@pytest.mark.parametrize("wrong", [{"every_nth": 0}, {"max_rate": -1.0}, {"max_rate": float("nan")}])
def test_wrong_limits_are_refused(wrong: dict[str, float]) -> None:
    """The error names the limit."""
    with pytest.raises(DetectorSettingError, match=next(iter(wrong))):
        FrameGate(**wrong)  # type: ignore[arg-type]
