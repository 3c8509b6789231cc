"""Tests of airo_camera.frame_statistics and of what the camera node says of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus

from airo_camera.diagnostics_output import verdict_of
from airo_camera.frame_statistics import FrameReport, FrameStatistics

Start = Callable[..., Any]


def statistics_of(stamps_ms: list[int], *, fps: float | None = 10.0) -> FrameReport:
    """Return the report of images with these stamps, each published 5 ms later, over 1 s."""
    times = iter([0.0, 1.0])
    statistics = FrameStatistics(now=lambda: next(times))
    for stamp in stamps_ms:
        nanos = stamp * 1_000_000
        statistics.add(stamp_nanos=nanos, published_nanos=nanos + 5_000_000, size_wh=(64, 48), encoding="rgb8", fps=fps)
    return statistics.report()


def test_regular_images() -> None:
    """Rate, intervals and latencies are those of the stamps."""
    report = statistics_of([100, 200, 300, 400])
    assert report.rate == 4.0 and report.published == 4
    assert report.intervals == pytest.approx((0.1, 0.1, 0.1)) and report.latencies == pytest.approx((0.005,) * 4)
    assert (report.missed, report.backward_stamps, report.size_wh, report.encoding) == (0, 0, (64, 48), "rgb8")


def test_missing_images_are_counted() -> None:
    """An interval of three periods has room for two more; a jitter of 40 % for none; without a rate nobody knows."""
    assert statistics_of([0, 100, 400, 540]).missed == 2
    assert statistics_of([0, 100, 400, 540], fps=None).missed == 0


def test_stamps_that_go_back() -> None:
    """They are counted and are no interval."""
    report = statistics_of([100, 200, 200, 150, 300])
    assert report.backward_stamps == 2
    assert report.intervals == pytest.approx((0.1, 0.15))


def test_a_new_connection_is_no_gap() -> None:
    """The time without a connection is not counted as missing images."""
    statistics = FrameStatistics()
    for stamp in (0, 10_000_000_000):
        statistics.interrupt()
        statistics.add(stamp_nanos=stamp, published_nanos=stamp, size_wh=(4, 3), encoding="mono8", fps=30.0)
    assert statistics.report().missed == 0 and statistics.period() is None


@pytest.mark.parametrize(
    ("stamps", "fps", "trouble", "level", "message"),
    [
        ([0, 100, 200], 3.0, "", DiagnosticStatus.OK, "every image was published"),
        ([0, 100, 200], 10.0, "", DiagnosticStatus.WARN, "3.0 images per second instead of 10"),
        ([0, 100, 50], 3.0, "", DiagnosticStatus.WARN, "1 stamps were not after the one before"),
        ([], 3.0, "", DiagnosticStatus.WARN, "no image came"),
        ([], 3.0, "gone", DiagnosticStatus.ERROR, "gone"),
    ],
)
def test_verdicts(stamps: list[int], fps: float, trouble: str, level: bytes, message: str) -> None:
    """Trouble first, then silence, stamps and rate."""
    assert verdict_of(statistics_of(stamps, fps=fps), fps=fps, trouble=trouble) == (level, message)


def test_diagnostics_of_a_camera(start: Start, node: Any) -> None:
    """A camera node says each second how it is doing."""
    import rclpy

    found: list[Any] = []
    node.create_subscription(DiagnosticArray, "/diagnostics", lambda array: found.extend(array.status), 10)
    start("-m", "airo_camera.node", "--ros-args", "-r", "__ns:=/front", "-p", "source:='sim:?width=640&height=480'")
    for _ in range(600):
        rclpy.spin_once(node, timeout_sec=0.1)
        values = {value.key: value.value for value in found[-1].values} if found else {}
        if int(values.get("published", 0)) > 30:
            break
    assert (found[-1].name, found[-1].hardware_id) == ("front/camera: frames", "front")
    assert values["format"] == "640x480 rgb8" and values["source"] == "sim:?width=640&height=480"
    assert values["nominal rate (Hz)"] == "30" and float(values["interval median (ms)"]) > 0
    assert float(values["latency median (ms)"]) > 0 and values["connections"] == "1"
