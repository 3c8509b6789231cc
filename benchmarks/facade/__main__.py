"""The command: `airo-ros2 bench facade`, or `python -m facade` in benchmarks/."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

__all__ = ["main"]

ROOT = Path(__file__).resolve().parents[2]
TOOLKIT = ROOT / "build/toolkit"
SUBJECTS = ("airo_ros2", "airo_ros2 borrow()", "airo_camera_toolkit")
# 1080p colour, and the ZED 2i: 2208 x 1242 with depth and a cloud.
CASES = {"1080p 30 Hz": (1920, 1080, 30.0, "colour"), "2208x1242 RGB-D and cloud, 15 Hz": (2208, 1242, 15.0, "depth")}
MEASURES = (
    "latency_p50_ms",
    "latency_p99_ms",
    "receiver_cpu_ms_per_frame",
    "camera_cpu_ms_per_frame",
    "retrieve_ms",
    "lost",
    "changed",  # images that were no longer the same when the next one was there
    "fps",
)
PATIENCE_SECS = 120.0


def main() -> int:
    """Run what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="airo-ros2 bench facade", description="Read a camera through the facade and through airo_camera_toolkit."
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else on stdout")
    parser.add_argument("--frames", type=int, default=150, metavar="N", help="of each measurement (default 150)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="of all subjects in turn (default 3)")
    options = parser.parse_args()
    document = _run(options.frames, options.rounds)
    print(json.dumps(document) if options.json else "\n".join(_lines(document)))
    return 0


def _run(frames: int, rounds: int) -> dict[str, Any]:
    runs: list[dict[str, Any]] = []
    for number in range(rounds):
        for case in CASES:
            for subject in SUBJECTS:
                if subject == "airo_ros2 borrow()" and CASES[case][3] == "depth":
                    continue  # a borrowed frame costs the same, whatever is in it
                print(f"round {number + 1}: {case}: {subject}", file=sys.stderr, flush=True)
                runs.append({"case": case, "name": subject} | _measured(subject, case, frames))
    return {
        "frames": frames,
        "rounds": rounds,
        "memcpy_ms": {case: _memcpy_ms(*size[:2], size[2]) for case, size in CASES.items()},
        "runs": runs,
    }


def _measured(subject: str, case: str, frames: int) -> dict[str, Any]:
    width, height, fps, kind = CASES[case]
    toolkit = [str(TOOLKIT)] if subject == "airo_camera_toolkit" else []
    path = os.pathsep.join([str(ROOT / "benchmarks"), *toolkit, os.environ.get("PYTHONPATH", "")])
    arguments = [subject, str(width), str(height), str(fps), str(frames), kind]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "facade.subject", *arguments],
            env=os.environ | {"PYTHONPATH": path, "LOGURU_LEVEL": "ERROR"},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {"error": f"not done within {PATIENCE_SECS:g} s"}
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]}
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _memcpy_ms(width: int, height: int, fps: float) -> float:
    """Return what a copy of an image that was just written costs, ms, at the pace of the frames."""
    image, times = np.ones((height, width, 3), np.uint8), []
    for number in range(30):
        time.sleep(1 / fps)
        image[:] = number
        start = time.perf_counter()
        image.copy()
        times.append(time.perf_counter() - start)
    return round(1e3 * median(times), 3)


def _lines(document: dict[str, Any]) -> list[str]:
    lines = [f"medians of {document['rounds']} rounds of {document['frames']} frames"]
    for case in CASES:
        lines += ["", case, f"{'':22}" + "".join(f"{name:>27}" for name in MEASURES)]
        for subject in SUBJECTS:
            runs = [run for run in document["runs"] if (run["case"], run["name"]) == (case, subject)]
            errors = [run["error"] for run in runs if "error" in run]
            if errors:
                lines.append(f"{subject:22}  {errors[0]}")
            elif runs:
                lines.append(f"{subject:22}" + "".join(f"{_median(runs, name):>27}" for name in MEASURES))
    return [*lines, "", *(f"memcpy of an image, {case}: {ms} ms" for case, ms in document["memcpy_ms"].items())]


def _median(runs: list[dict[str, Any]], name: str) -> str:
    values = [run[name] for run in runs if run[name] is not None]
    return f"{median(values):g}" if values else "-"


if __name__ == "__main__":
    sys.exit(main())
