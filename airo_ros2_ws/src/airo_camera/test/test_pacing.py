"""Tests of airo_camera.sources.pacing."""

from __future__ import annotations

import pytest
from source_reading import FakeTime


def test_schedule_does_not_drift(fake_time: FakeTime) -> None:
    """Work between the images shortens the waits, so that image k is due k periods after the first."""
    pacer = fake_time.pacer()
    times = []
    for index in range(50):
        assert pacer.wait_for_newest(index, period=0.1) == index
        times.append(fake_time.now)
        fake_time.now += 0.03
    assert times == pytest.approx([100 + 0.1 * index for index in range(50)])


def test_first_image_is_due_at_once(fake_time: FakeTime) -> None:
    """The schedule starts with the first image."""
    fake_time.pacer().wait_for_each(5.0, period=0.1)
    assert fake_time.sleeps == []


def test_live_schedule_skips_instead_of_bursting(fake_time: FakeTime) -> None:
    """Whoever comes late gets the image that is due now, and waits for the one after it."""
    pacer = fake_time.pacer()
    pacer.wait_for_newest(0, period=0.1)
    fake_time.now += 0.55
    assert pacer.wait_for_newest(1, period=0.1) == 5
    pacer.wait_for_newest(6, period=0.1)
    assert fake_time.sleeps == pytest.approx([0.05])


def test_file_schedule_moves_back_instead_of_bursting(fake_time: FakeTime) -> None:
    """After a long pause the images of a file go on at their own pace, and none is skipped."""
    pacer = fake_time.pacer()
    pacer.wait_for_each(0.0, period=0.1)
    fake_time.now += 10
    for index in (1, 2, 3):
        pacer.wait_for_each(index * 0.1, period=0.1)
    assert fake_time.sleeps == pytest.approx([0.1, 0.1])
