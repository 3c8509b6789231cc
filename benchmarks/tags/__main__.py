"""The command: `airo-ros2 bench tags`, or `python -m tags` in benchmarks/."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from arguments import count, some_of
from tags.pictures import PHOTOGRAPHS
from tags.report import text_lines, write_report
from tags.run import Plan, run
from tags.scenes import CONDITIONS
from tags.subjects import SUBJECTS

__all__ = ["main"]

DOCS = Path(__file__).resolve().parents[2] / "docs"
QUICK = ("side24", "side48", "distorted")


def main() -> int:
    """Run what the command line asks for and return the exit status."""
    parser = _parser()
    options = parser.parse_args()
    if options.report is not None:
        try:
            document = json.loads(options.report.read_text())
            said = write_report(document, options.output)
        except (OSError, ValueError, KeyError) as error:
            parser.error(f"{options.report} is not the result of a run with --json: {error}")
        print(*said, sep="\n")
        return 0
    plan = Plan(
        subjects=options.subjects,
        conditions=options.conditions or (QUICK if options.quick else list(CONDITIONS)),
        scenes=options.scenes or (10 if options.quick else 300),
        seed=options.seed,
        photographs=options.photographs,
        is_quick=options.quick,
    )
    try:
        document = run(plan, say=lambda line: print(line, file=sys.stderr, flush=True))
    except KeyboardInterrupt:
        return 130
    if options.json:
        print(json.dumps(document, allow_nan=False))
    else:
        print(*text_lines(document), sep="\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="airo-ros2 bench tags", description="Measure AprilTag detection and poses against exact truth."
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else on stdout")
    parser.add_argument("--quick", action="store_true", help="little of everything: does it work?")
    for name, known in (("subjects", SUBJECTS), ("conditions", CONDITIONS)):
        parser.add_argument(f"--{name}", type=some_of(known), metavar="A,B", help=f"only these of: {', '.join(known)}")
    parser.add_argument("--scenes", type=count, metavar="N", help="images of each condition (default 300)")
    parser.add_argument("--seed", type=count, metavar="N", default=1, help="of everything drawn by lot (default 1)")
    parser.add_argument(
        "--photographs", type=Path, metavar="DIR", default=PHOTOGRAPHS, help="photographs with reference detections"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the page and the plot of a saved result")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", default=DOCS, help="where --report writes (default docs/)"
    )
    parser.set_defaults(subjects=list(SUBJECTS))
    return parser


if __name__ == "__main__":
    sys.exit(main())
