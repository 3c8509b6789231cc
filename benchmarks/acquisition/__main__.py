"""The command: `airo-ros2 bench acquisition`, or `python -m acquisition` in benchmarks/."""

from __future__ import annotations

import argparse
import json
import signal
import sys

from acquisition.run import Plan, run
from rclpy_loans import apply_profile

__all__ = ["main"]


def main() -> int:
    """Run what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="airo-ros2 bench acquisition",
        description="Measure how regular a camera is while everything else saturates the cores.",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else on stdout")
    parser.add_argument("--rounds", type=int, default=Plan.rounds, metavar="N", help="default %(default)s")
    parser.add_argument("--seconds", type=float, default=Plan.seconds, metavar="S", help="of each; default %(default)g")
    parser.add_argument("--fps", type=float, default=Plan.fps, metavar="F", help="of the camera; default %(default)g")
    given = parser.parse_args()
    if given.rounds < 1 or given.seconds < 1 or given.fps <= 0:
        parser.error("expected at least one round of at least 1 s, and images per second above 0")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the processes of a measurement are ended
    apply_profile()
    plan = Plan(given.rounds, given.seconds, given.fps)
    try:
        document = run(plan, say=lambda line: print(line, file=sys.stderr, flush=True))
    except KeyboardInterrupt:
        return 130
    if given.json:
        print(json.dumps(document))
        return 0
    print(f"{'interval of ' + format(plan.fps, 'g') + ' fps':32} {'median':>9} {'p99':>9} {'max':>9}  missed  frames")
    for name, row in document["conditions"].items():
        times = "".join(f"{row[key]:7.2f} ms" for key in ("median_ms", "p99_ms", "max_ms"))
        print(f"{name:32} {times} {row['missed']:7} {row['frames']:7}")
    goal = document["goal"]
    print(f"p99 loaded / alone: {goal['p99_ratio']:.2f}, goal at most {goal['at_most']}: {goal['verdict']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
