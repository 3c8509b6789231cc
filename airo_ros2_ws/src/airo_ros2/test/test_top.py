"""Tests of what airo_ros2.top measures and prints; the whole command is tested in tests/test_tools.py."""

from __future__ import annotations

import json
import os
import signal

from airo_frames.interruption import Interruption
from airo_ros2.top.meter import StreamMeter, StreamStats
from airo_ros2.top.node_state import NodeState
from airo_ros2.top.table import as_json, as_lines

A, B = b"a" * 16, b"b" * 16


def end(meter: StreamMeter, now: float) -> StreamStats:
    """Return what was measured until `now`."""
    return meter.end_interval(now=now, overwritten=0, readers=1, memory_bytes=1000)


def add(meter: StreamMeter, sequence: int, *, publisher: bytes = A, latency: int = 1, zero_copy: bool = True) -> None:
    """Let a message arrive."""
    meter.add(publisher=publisher, sequence=sequence, latency_nanos=latency, is_zero_copy=zero_copy)


def test_rate_and_latencies_of_an_interval() -> None:
    """Each interval counts its own messages; percentiles are nearest rank."""
    meter = StreamMeter("/camera/frame", "Image640x480", now=10.0)
    for number in range(1, 101):
        add(meter, number, latency=number * 1_000_000)
    stats = end(meter, 12.0)
    assert (stats.rate, stats.latency_p50_ms, stats.latency_p99_ms, stats.dropped) == (50.0, 50.0, 99.0, 0)
    assert (stats.zero_copy, stats.readers, stats.memory_bytes) == (True, 1, 1000)
    empty = end(meter, 13.0)
    assert (empty.rate, empty.latency_p50_ms, empty.latency_p99_ms, empty.zero_copy) == (0.0, None, None, None)


def test_gaps_of_the_frame_numbers_are_dropped() -> None:
    """Also across intervals, and of each publisher alone; repetitions and new starts are no gaps."""
    meter = StreamMeter("/camera/frame", "Image640x480", now=0.0)
    for number in (3, 4, 7):
        add(meter, number)
    add(meter, 100, publisher=B)
    assert end(meter, 1.0).dropped == 2
    for number in (9, 9, 1, 2):
        add(meter, number)
    add(meter, 101, publisher=B)
    assert end(meter, 2.0).dropped == 1


def test_one_copy_spoils_zero_copy() -> None:
    """Zero-copy means every message."""
    meter = StreamMeter("/camera/frame", "Image640x480", now=0.0)
    add(meter, 1)
    add(meter, 2, zero_copy=False)
    assert end(meter, 1.0).zero_copy is False


def test_the_table_and_the_object_have_the_same_content() -> None:
    """A stream without messages has no latency: a dash, or null."""
    meter = StreamMeter("/camera/frame", "Image640x480", now=0.0)
    add(meter, 1, latency=1_234_000)
    streams = [end(meter, 1.0), end(meter, 2.0)]
    head, first, second = as_lines(streams, domain=7)
    assert head.split()[0] == "topic" and len({len(line) for line in (head, first, second)}) == 1
    assert first.split() == ["/camera/frame", "Image640x480", "1.0", "1.23", "1.23", "0", "0", "yes", "1", "1.0", "kB"]
    assert second.split()[2:6] == ["0.0", "-", "-", "0"]
    told = json.loads(as_json(streams))["streams"]
    assert told[0]["latency_p50_ms"] == 1.234 and told[1]["zero_copy"] is None


def test_no_stream_is_said_with_the_domain() -> None:
    """A person learns where it was looked."""
    assert as_lines([], domain=7) == ["no camera publishes in ROS domain 7: start one, or check ROS_DOMAIN_ID"]
    assert as_json([]) == '{"streams": [], "nodes": []}'


def test_nodes_stand_below_the_streams() -> None:
    """One row per node, with what it and its supervisor say; what is not known is a dash."""
    values = {"state": "running", "rate (Hz)": "30.0", "latency p99 (ms)": "4.20", "restarts": "2"}
    nodes = [NodeState("front/camera", 0, "every image was published", values), NodeState("front/lone", 1, "slow", {})]
    *_, head, camera, lone = as_lines([], nodes, domain=7)
    assert head.split()[:4] == ["node", "state", "Hz", "p99"]
    assert camera.split() == "front/camera running 30.0 4.20 - 2 - - every image was published".split()
    assert lone.split() == "front/lone warning - - - - - - slow".split()
    assert json.loads(as_json([], nodes))["nodes"][0]["values"] == values


def test_an_interruption_is_remembered_and_handlers_are_restored() -> None:
    """SIGINT ends top without an exception."""
    before = signal.getsignal(signal.SIGINT)
    with Interruption() as interruption:
        assert not interruption.is_set
        os.kill(os.getpid(), signal.SIGINT)
        assert interruption.is_set
    assert signal.getsignal(signal.SIGINT) is before
