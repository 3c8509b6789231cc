"""One subject, in a process of its own: `python -m facade.subject NAME WIDTH HEIGHT FPS FRAMES DEPTH`; prints JSON.

airo_camera_toolkit and airo_ros2 go through the same lines: the classes have the same names. Whoever starts it gives it
an environment of its own, with the toolkit where that is measured.
"""

from __future__ import annotations

import json
import os
import sys
import time
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from facade.cameras import make_camera_class

__all__ = ["main"]

WARM_UP_FRAMES = 15


def main() -> int:
    """Serve, read and print what it took."""
    name, (width, height, frames) = sys.argv[1], map(int, (sys.argv[2], sys.argv[3], sys.argv[5]))
    fps, has_depth = float(sys.argv[4]), sys.argv[6] == "depth"
    is_toolkit = name == "airo_camera_toolkit"
    module, base = _toolkit(has_depth) if is_toolkit else (import_module("airo_ros2.multiprocess"), object)
    kind = "RGBD" if has_depth else "RGB"
    kwargs = {"size_wh": (width, height), "fps": fps}
    publisher = getattr(module, f"Multiprocess{kind}Publisher")(make_camera_class(base), kwargs, f"bench_{kind}")
    publisher.start()
    try:
        receiver = getattr(module, f"Multiprocess{kind}Receiver")(f"bench_{kind}")
        measure = _measure_borrowing if name == "airo_ros2 borrow()" else partial(_measure, has_depth=has_depth)
        for _ in range(WARM_UP_FRAMES):
            receiver.grab_images()
        cpu, camera_cpu, start = time.process_time(), _cpu_secs(publisher.pid), time.monotonic()
        result = measure(receiver, frames)
        result |= {
            "receiver_cpu_ms_per_frame": round(1e3 * (time.process_time() - cpu) / frames, 3),
            "camera_cpu_ms_per_frame": round(1e3 * (_cpu_secs(publisher.pid) - camera_cpu) / frames, 3),
            "fps": round(frames / (time.monotonic() - start), 2),
        }
    finally:
        publisher.stop()
        publisher.join()
    print(json.dumps({"name": name, **result}))
    return 0


def _toolkit(has_depth: bool) -> tuple[ModuleType, type]:
    path = "airo_camera_toolkit.cameras.multiprocess.multiprocess_" + ("rgbd_camera" if has_depth else "rgb_camera")
    interfaces: Any = import_module("airo_camera_toolkit.interfaces")
    return import_module(path), interfaces.RGBDCamera if has_depth else interfaces.RGBCamera


def _measure(receiver: Any, frames: int, *, has_depth: bool) -> dict[str, Any]:
    """Grab and retrieve, and look again at what was retrieved of the frame before: is it still that?"""
    latencies, retrievals, numbers, changed = [], [], [], 0
    last_image, last_pixel = None, 0
    for _ in range(frames):
        receiver.grab_images()
        before = time.perf_counter()
        image = receiver.retrieve_rgb_image_as_int()
        retrievals.append(time.perf_counter() - before)
        if has_depth:
            receiver.retrieve_depth_map()
            receiver.retrieve_colored_point_cloud()
        latencies.append(time.time() - receiver.get_current_timestamp())
        numbers.append(receiver.get_current_frame_id())
        changed += last_image is not None and int(last_image[0, 0, 0]) != last_pixel
        last_image, last_pixel = image, int(image[0, 0, 0])
    return {
        **_latency(latencies, numbers),
        "retrieve_ms": round(1e3 * float(np.median(retrievals)), 3),
        "changed": changed,
    }


def _measure_borrowing(receiver: Any, frames: int) -> dict[str, Any]:
    latencies, numbers, changed = [], [], 0
    for _ in range(frames):
        with receiver.borrow() as frame:
            latencies.append(time.time() - frame.stamp_nanos / 1e9)
            numbers.append(frame.sequence)
            changed += not frame.is_valid()
    return {**_latency(latencies, numbers), "retrieve_ms": None, "changed": changed}


def _latency(latencies: list[float], numbers: list[int]) -> dict[str, Any]:
    return {
        "latency_p50_ms": round(1e3 * float(np.median(latencies)), 3),
        "latency_p99_ms": round(1e3 * float(np.percentile(latencies, 99)), 3),
        "lost": numbers[-1] - numbers[0] + 1 - len(numbers),
    }


def _cpu_secs(process_id: int) -> float:
    """Return what a process has used so far, s."""
    fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
