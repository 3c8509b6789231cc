"""The command: `airo-ros2 bench scale`, or `python -m scale` in benchmarks/."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from arguments import count, some_of
from rclpy_loans import apply_profile
from scale.cases import SCENES, Plan
from scale.report import write_report
from scale.run import ScaleError, measure
from scale.summary import summary_of
from scale.table import COLUMNS, cells, sentences
from transport.machine import cpu_name

__all__ = ["main"]

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main() -> int:
    """Run what the command line asks for and return the exit status."""
    parser = _parser()
    given = parser.parse_args()
    if given.seconds < 3 or given.fps <= 0:
        parser.error("expected at least 3 s, for nodes report once a second, and images per second above 0")
    if given.report is not None:
        try:
            said = write_report(json.loads(given.report.read_text()), given.output)
        except (OSError, ValueError, KeyError) as error:
            parser.error(f"{given.report} is not the result of a run with --json: {error}")
        print(*said, sep="\n")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the processes of a measurement are ended
    apply_profile()
    plan = Plan(cameras=given.cameras, scenes=tuple(given.scenes), seconds=given.seconds, fps=given.fps)
    try:
        document = _run(plan, say=lambda line: print(line, file=sys.stderr, flush=True))
    except KeyboardInterrupt:
        return 130
    if given.json:
        print(json.dumps(document))
    else:
        _print(document)
    return 1 if document["failures"] else 0


def _parser() -> argparse.ArgumentParser:
    default = Plan()
    parser = argparse.ArgumentParser(
        prog="airo-ros2 bench scale", description="Measure how many cameras with tags run, and what each further costs."
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else on stdout")
    parser.add_argument("--cameras", type=_counts, default=default.cameras, metavar="N,M", help="default 1,2,4,6,8")
    parser.add_argument(
        "--scenes", type=some_of(SCENES), default=default.scenes, metavar="A,B", help=f"of {', '.join(SCENES)}"
    )
    parser.add_argument("--seconds", type=float, default=default.seconds, metavar="S", help="of each (default 12)")
    parser.add_argument("--fps", type=float, default=default.fps, metavar="F", help="of each camera (default 30)")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the page and the plot of a saved result")
    parser.add_argument("--output", type=Path, metavar="DIR", default=DOCS, help="where --report writes (docs/)")
    return parser


def _counts(text: str) -> tuple[int, ...]:
    return tuple(sorted({count(part) for part in text.split(",")}))


def _run(plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    machine = {
        "cpu": cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_average": round(os.getloadavg()[0], 2),
    }
    results, failures = [], []
    for case in plan.cases:
        title = f"cameras: {case.cameras}, scene: {case.scene}"
        say(title)
        try:
            results.append(measure(case, plan))
        except ScaleError as error:
            failures.append(f"{title}: {error}")
    summary = [
        summary_of(list(group), fps=plan.fps) for _, group in groupby(results, key=lambda result: result["scene"])
    ]
    return {
        "machine": machine,
        "plan": asdict(plan),
        "started": date.today().isoformat(),
        "results": results,
        "summary": summary,
        "failures": failures,
    }


def _print(document: dict[str, Any]) -> None:
    fps = document["plan"]["fps"]
    for summary in document["summary"]:
        results = [result for result in document["results"] if result["scene"] == summary["scene"]]
        print(f"{summary['scene']} scene")
        for result in results:
            print("  " + "; ".join(f"{name} {cell}" for name, cell in zip(COLUMNS, cells(result, fps), strict=True)))
        print(*(f"  {sentence}" for sentence in sentences(summary, results, fps)), sep="\n")
    for failure in document["failures"]:
        print(f"not measured: {failure}")


if __name__ == "__main__":
    sys.exit(main())
