"""One subject, in a process of its own: `python -m facade.subject NAME WIDTH HEIGHT FPS FRAMES DEPTH`; prints JSON.

airo_camera_toolkit and airo_ros2 go through the same lines: the classes have the same names. Whoever starts it gives it
an environment of its own, with the toolkit where that is measured.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
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
        result = _measure(receiver, frames, has_depth=has_depth, borrows=name == "airo_ros2 borrow()")
    finally:
        publisher.stop()
        publisher.join()
    print(json.dumps({"name": name, **result}))
    return 0


def _toolkit(has_depth: bool) -> tuple[ModuleType, type]:
    path = "airo_camera_toolkit.cameras.multiprocess.multiprocess_" + ("rgbd_camera" if has_depth else "rgb_camera")
    interfaces: Any = import_module("airo_camera_toolkit.interfaces")
    return import_module(path), interfaces.RGBDCamera if has_depth else interfaces.RGBCamera


def _measure(receiver: Any, frames: int, *, has_depth: bool, borrows: bool) -> dict[str, Any]:
    for _ in range(WARM_UP_FRAMES):
        receiver.grab_images()
    latencies, copies, numbers = [], [], []
    cpu, start = time.process_time(), time.monotonic()
    for _ in range(frames):
        if borrows:
            with receiver.borrow() as frame:
                now = time.time()
                stamp, number = frame.stamp_nanos / 1e9, frame.sequence
        else:
            receiver.grab_images()
            before = time.perf_counter()
            receiver.retrieve_rgb_image_as_int()
            copies.append(time.perf_counter() - before)
            if has_depth:
                receiver.retrieve_depth_map()
                receiver.retrieve_colored_point_cloud()
            now = time.time()
            stamp, number = receiver.get_current_timestamp(), receiver.get_current_frame_id()
        latencies.append(now - stamp)
        numbers.append(number)
    return {
        "latency_p50_ms": round(1e3 * float(np.median(latencies)), 3),
        "latency_p99_ms": round(1e3 * float(np.percentile(latencies, 99)), 3),
        "receiver_cpu_ms_per_frame": round(1e3 * (time.process_time() - cpu) / frames, 3),
        "retrieve_ms": round(1e3 * float(np.median(copies)), 3) if copies else None,
        "lost": numbers[-1] - numbers[0] + 1 - frames,
        "fps": round(frames / (time.monotonic() - start), 2),
    }


if __name__ == "__main__":
    sys.exit(main())
