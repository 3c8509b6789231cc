"""The command: `airo-ros2 bench view`, or `python -m view` in benchmarks/."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
from typing import Any

from view.measurement import SIZES, measure

__all__ = ["main"]


def main() -> int:
    """Run what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser(prog="airo-ros2 bench view", description="Measure the web view.")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else on stdout")
    parser.add_argument("--sizes", default=",".join(SIZES), metavar="A,B", help=f"of {', '.join(SIZES)}")
    parser.add_argument("--seconds", type=float, default=8.0, metavar="S", help="of each case (default 8)")
    options = parser.parse_args()
    sizes = options.sizes.split(",")
    if not set(sizes) <= set(SIZES):
        parser.error(f"--sizes got {options.sizes}, expected some of {', '.join(SIZES)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the processes of a measurement are ended
    try:
        results = [
            measure(size, seconds=options.seconds, say=lambda line: print(line, file=sys.stderr, flush=True))
            for size in sizes
        ]
    except KeyboardInterrupt:
        return 130
    machine = {"cores": len(os.sched_getaffinity(0)), "kernel": platform.release(), "python": platform.python_version()}
    if options.json:
        print(json.dumps({"machine": machine, "results": results}))
    else:
        print(*(line for result in results for line in _lines(result)), sep="\n")
    return 0


def _lines(result: dict[str, Any]) -> list[str]:
    lines = [f"{result['size']}: {result['unwatched_cpu_percent']:.1f} % of a core unwatched"]
    for case in result["pages"]:
        received = case["received"]
        lines.append(
            f"  {case['pages']:2d} pages + {case['stalled']} stalled: {case['cpu_percent']:5.1f} % of a core, "
            f"slowest page {min(case['rates']):.1f} fps, received after {received['p50_ms']:.1f} ms "
            f"(95 %: {received['p95_ms']:.1f} ms)"
        )
    lines.append(f"  each further page: {result['cpu_percent_per_further_page']:.1f} % of a core")
    if result["browser"] is not None:
        decoded, painted = result["browser"]["decoded"], result["browser"]["painted"]
        lines.append(
            f"  Chromium: {result['browser']['rate']:.1f} fps, decoded after {decoded['p50_ms']:.1f} ms "
            f"(95 %: {decoded['p95_ms']:.1f} ms), painted after {painted['p50_ms']:.1f} ms"
        )
    camera = result["camera"]
    lines.append(f"  camera: {camera['rate']:.2f} Hz over all of it, longest gap {camera['longest_gap_ms']:.0f} ms")
    return lines


if __name__ == "__main__":
    sys.exit(main())
