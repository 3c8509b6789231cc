"""Counts of a stream, and what diagnostics make of them."""

from __future__ import annotations

import pytest

from tag_pose.diagnostics_output import diagnostic_status
from tag_pose.stream_statistics import TagStatistics


def statistics() -> TagStatistics:
    """Return statistics whose clock goes 2 s further with every report."""
    times = iter(range(0, 100, 2))
    return TagStatistics(now=lambda: float(next(times)))


def test_reports_are_of_their_period() -> None:
    """A report has the counts since the last one beside those since the start."""
    counting = statistics()
    counting.add_frame(latency=0.02, detector_time=0.01, tags=3, rejected=1)
    counting.add(dropped=2)
    first = counting.report()
    assert (first.seconds, first.recent.processed, first.recent.dropped) == (2.0, 1, 2)
    assert (first.latencies, first.detector_times) == ((0.02,), (0.01,))
    counting.add(dropped=1)
    second = counting.report()
    assert (second.recent.processed, second.recent.dropped, second.counts.dropped) == (0, 1, 3)
    assert second.latencies == ()


@pytest.mark.parametrize(
    ("counts", "is_on", "level", "text"),
    [
        ({}, True, b"\x01", "no frame was processed"),
        ({}, False, b"\x00", "switched off"),
        ({"processed": 5}, True, b"\x00", "every frame was processed"),
        ({"processed": 5, "dropped": 2}, True, b"\x00", "2 frames were dropped"),
        ({"processed": 5, "failures": 1}, True, b"\x01", "the detector failed 1 times"),
        ({"unusable": 4}, True, b"\x01", "4 frames hold no picture"),
    ],
)
def test_verdicts(counts: dict[str, int], is_on: bool, level: bytes, text: str) -> None:
    """What the user has to look at is a warning."""
    counting = statistics()
    counting.add(**counts)
    status = diagnostic_status(counting.report(), is_on=is_on)
    assert status.level == level and text in status.message


def test_values_have_units() -> None:
    """Rates and times are given as the table of /diagnostics shows them."""
    counting = statistics()
    for latency in (0.020, 0.030, 0.025):
        counting.add_frame(latency=latency, detector_time=0.015, rejected=2, retries=1)
    values = {one.key: one.value for one in diagnostic_status(counting.report(), is_on=True).values}
    assert values["rate (Hz)"] == "1.5"
    assert values["latency median (ms)"] == "25.00" and values["latency max (ms)"] == "30.00"
    assert values["detector time median (ms)"] == "15.00"
    assert values["rejected candidates per frame"] == "2.00" and values["retries"] == "3"
