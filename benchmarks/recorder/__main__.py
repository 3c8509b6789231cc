"""The command: `airo-ros2 bench recorder`, or `python -m recorder` in benchmarks/."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

from recorder.run import Plan, run
from recorder.table import lines_of, write_into

__all__ = ["main"]

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run what the command line asks for and return the exit status."""
    parser = argparse.ArgumentParser(prog="airo-ros2 bench recorder", description="Measure what recording costs.")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else on stdout")
    parser.add_argument("--quick", action="store_true", help="one short round: does everything work?")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="of everything (default 3)")
    parser.add_argument("--secs", type=float, default=10.0, metavar="S", help="of each recording (default 10)")
    parser.add_argument(
        "--directory", type=Path, default=ROOT / "build/bench_recorder", metavar="DIR", help="on the disk to measure"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the tables of a saved result into the page")
    parser.add_argument("--page", type=Path, default=ROOT / "docs/recording.md", metavar="FILE", help="for --report")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the processes of a measurement are ended
    if options.report is not None:
        try:
            write_into(options.page, json.loads(options.report.read_text()))
        except (OSError, ValueError, KeyError) as error:
            parser.error(f"cannot write {options.report} into {options.page}: {error}")
        print(f"wrote {options.page}")
        return 0
    plan = Plan(rounds=1, secs=2.0, disk_frames=10) if options.quick else Plan(options.rounds, options.secs)
    try:
        document = run(plan, directory=options.directory, say=lambda line: print(line, file=sys.stderr, flush=True))
    except KeyboardInterrupt:
        return 130
    if options.json:
        print(json.dumps(document))
    else:
        print(*lines_of(document), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
