"""What the tag_pose node costs beside its detector, and what more workers and tracking give.

tracking   the same sequences searched as a whole and with tracking: recall and time per image
node       a camera process, the real node and a reader: latency beside the detector's time, frames per second
bare       one and two threads with a detector each, without ROS: what this machine allows
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tag_pose.detector_settings import DetectorSettings
from tag_pose.observation import TagObservation
from tag_pose.search import TagSearch
from tag_pose.tracking import TagTracks
from tags_node.sequences import SEQUENCES, Placed, Sequence, images

PERIOD = 15  # of tracking: the whole image every half second at 30 Hz
NEAR_PX = 3.0  # a tag is found when its centre is that near
WARM_UP_FRAMES = 30
BENCHMARKS = Path(__file__).resolve().parent.parent


def found_of(found: list[TagObservation], truth: list[Placed]) -> int:
    """Return how many of the tags in an image were found."""
    free = list(found)
    count = 0
    for tag in truth:
        match = next(
            (one for one in free if one.tag_id == tag.tag_id and np.linalg.norm(one.center - (tag.x, tag.y)) < NEAR_PX),
            None,
        )
        if match is not None:
            free.remove(match)
            count += 1
    return count


def measure_sequence(sequence: Sequence, *, period: int) -> dict[str, Any]:
    """Return recall and times of one sequence, searched as a whole and with tracking."""
    tracks = TagTracks(period=period)
    whole, tracked = TagSearch(DetectorSettings()), TagSearch(DetectorSettings(), tracks=tracks)
    times: dict[str, list[float]] = {"whole": [], "tracked": []}
    counts = {"tags": 0, "whole": 0, "tracked": 0, "searched as a whole": 0}
    for number, (gray, truth) in enumerate(images(sequence), start=1):
        counts["tags"] += len(truth)
        for name, search in (("whole", whole), ("tracked", tracked)):
            start = time.perf_counter()
            result = search.find(gray, sequence=number)
            if result.plan is not None:
                tracks.update(result.plan, result.tags, was_whole=result.was_whole)
                counts["searched as a whole"] += result.was_whole
            times[name].append(time.perf_counter() - start)
            counts[name] += found_of(result.tags, truth)
    whole.close()
    tracked.close()
    return {
        "sequence": sequence.name,
        "frames": sequence.frames,
        **counts,
        "whole_ms": statistics.mean(times["whole"]) * 1e3,
        "tracked_ms": statistics.mean(times["tracked"]) * 1e3,
        "tracked_median_ms": statistics.median(times["tracked"]) * 1e3,
        "speedup": sum(times["whole"]) / sum(times["tracked"]),
    }


def measure_bare(*, seconds: float) -> dict[str, float]:
    """Return images per second of one and of two threads with a detector each, without ROS."""
    gray, _ = next(images(next(one for one in SEQUENCES if one.name.startswith("five"))))
    rates = {}
    for threads in (1, 2):
        counts = [0] * threads
        end = time.perf_counter() + seconds

        def work(index: int, counts: list[int] = counts, end: float = end) -> None:
            search = TagSearch(DetectorSettings())
            while time.perf_counter() < end:
                search.find(gray, sequence=1)
                counts[index] += 1
            search.close()

        running = [threading.Thread(target=work, args=(index,)) for index in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
        rates[f"{threads}"] = sum(counts) / seconds
    return rates


def measure_library(*, rate: float, seconds: float) -> float:
    """Return the median time of the library alone on the same image at the same pace, ms: no refinement, no poses."""
    gray, _ = next(images(next(one for one in SEQUENCES if one.name.startswith("five"))))
    search = TagSearch(DetectorSettings(corner_refinement="none"))
    times = []
    due = begin = time.perf_counter()
    while due - begin < seconds:
        start = time.perf_counter()
        search.find(gray, sequence=1)
        times.append(time.perf_counter() - start)
        due = max(due + 1 / rate, time.perf_counter())
        time.sleep(max(0.0, due - time.perf_counter()))
    search.close()
    return statistics.median(times) * 1e3


@contextmanager
def processes(*commands: list[str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run Python modules while a block runs; what they printed can be read afterwards."""
    path = os.pathsep.join(filter(None, (str(BENCHMARKS), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": path}
    started = [
        subprocess.Popen([sys.executable, "-m", *command], env=environment, stdout=subprocess.PIPE)
        for command in commands
    ]
    try:
        yield started
    finally:
        for process in started:
            process.send_signal(signal.SIGINT)
        for process in started:
            try:
                process.wait(5.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def measure_node(reader: Any, *, encoding: str, rate: float, parameters: dict[str, Any], seconds: float) -> Any:
    """Return rate and latencies of the node behind a camera process."""
    given = [text for name, value in parameters.items() for text in ("-p", f"{name}:={json.dumps(value)}")]
    tag_pose = ["tag_pose.node", "--ros-args", "-r", "__ns:=/bench", "--log-level", "warn", *given]
    latencies, detector_times, sequences = [], [], []
    with processes(["tags_node.stream_camera", encoding, str(rate)], tag_pose) as (camera, _):
        for _ in range(WARM_UP_FRAMES):
            reader.take_copy(60.0)
        start = time.perf_counter()
        while time.perf_counter() - start < seconds:
            message: NDArray[np.void] = reader.take(30.0, newest=False).copy()
            arrived = time.time_ns()
            stamp = int(message["stamp"]["sec"]) * 1_000_000_000 + int(message["stamp"]["nanosec"])
            latencies.append((arrived - stamp) / 1e6)
            detector_times.append(float(message["detector_time"]) * 1e3)
            sequences.append(int(message["sequence"]))
        elapsed = time.perf_counter() - start
    writing_ms = float(camera.communicate()[0])
    library_ms = measure_library(rate=rate, seconds=seconds / 2)
    return {
        "encoding": encoding,
        "camera_hz": rate,
        **parameters,
        "rate_hz": len(latencies) / elapsed,
        "latency_ms": statistics.median(latencies),
        "detector_ms": statistics.median(detector_times),
        "library_ms": library_ms,
        "writing_ms": writing_ms,
        # Beside the library, and beside what the message names detector_time: library, refinement and poses.
        "beside_library_ms": statistics.median(latencies) - writing_ms - library_ms,
        "overhead_ms": statistics.median(np.subtract(latencies, detector_times)) - writing_ms,
        "in_order": bool((np.diff(sequences) > 0).all()),
        "tags": int(message["count"]),
    }


def measure_nodes(*, seconds: float) -> list[Any]:
    """Return measurements of the node with one and two workers, and with tracking."""
    import rclpy
    from airo_camera_msgs.msg import TagDetections

    from rclpy_loans import LoanSubscription, apply_profile, loan_qos

    apply_profile()
    rclpy.init()
    node = rclpy.create_node("reader", namespace="/bench")
    results = []
    cases: list[tuple[str, float, dict[str, Any]]] = [
        ("mono8", 5.0, {"workers": 1}),
        ("rgb8", 5.0, {"workers": 1}),
        ("mono8", 200.0, {"workers": 1}),
        ("mono8", 200.0, {"workers": 2}),
        ("mono8", 60.0, {"workers": 1, "tracking_period": PERIOD}),
    ]
    for encoding, rate, parameters in cases:
        reader = LoanSubscription(node, TagDetections, "tags", qos=loan_qos(16, reliable=True))
        results.append(measure_node(reader, encoding=encoding, rate=rate, parameters=parameters, seconds=seconds))
        reader.close()
    node.destroy_node()
    rclpy.shutdown()
    return results


def main() -> None:
    """Measure what was asked for and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", default=["tracking", "node", "bare"], metavar="tracking|node|bare")
    parser.add_argument("--period", type=int, default=PERIOD, help="of tracking")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each case of the node")
    arguments = parser.parse_args()
    content: dict[str, Any] = {}
    if "tracking" in arguments.parts:
        content["tracking"] = [measure_sequence(one, period=arguments.period) for one in SEQUENCES]
    if "node" in arguments.parts:
        content["node"] = measure_nodes(seconds=arguments.seconds)
    if "bare" in arguments.parts:
        content["bare_hz_by_threads"] = measure_bare(seconds=arguments.seconds)
    print(json.dumps(content, indent=1))


if __name__ == "__main__":
    main()
