"""The command: `airo-ros2 bench transport`, or `python -m transport` in benchmarks/."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from arguments import count, some_of
from transport.cases import SIZES, WAYS, Plan
from transport.report import write_report
from transport.run import run
from transport.subjects.subject import SUBJECTS
from transport.table import goal_lines, machine_line, not_measured, table_lines

__all__ = ["main"]

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main() -> int:
    """Run what the command line asks for and return the exit status."""
    parser = _parser()
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the processes of a measurement are ended
    if options.report is not None:
        try:
            document = json.loads(options.report.read_text())
            said = write_report(document, options.output)
        except (OSError, ValueError, KeyError) as error:
            parser.error(f"{options.report} is not the result of a run with --json: {error}")
        print(*said, sep="\n")
        return 0
    try:
        document = run(_plan(options), options.subjects, say=lambda line: print(line, file=sys.stderr, flush=True))
    except KeyboardInterrupt:
        return 130
    if options.json:
        print(json.dumps(document))
    else:
        print(*_text(document), sep="\n")
    return 1 if any(result["status"] == "failed" for result in document["runs"]) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="airo-ros2 bench transport", description="Measure transports of whole frames between processes."
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else on stdout")
    parser.add_argument("--quick", action="store_true", help="one short round of one size: does everything work?")
    for name, known in (("subjects", SUBJECTS), ("sizes", SIZES), ("ways", WAYS)):
        parser.add_argument(f"--{name}", type=some_of(known), metavar="A,B", help=f"only these of: {', '.join(known)}")
    parser.add_argument("--readers", type=_counts, metavar="N,M", help="numbers of reading processes (default 1,2,4)")
    parser.add_argument("--frames", type=count, metavar="N", help="of each measurement (default 120)")
    parser.add_argument("--rounds", type=count, metavar="N", help="of what the goals need (default 7)")
    parser.add_argument("--survey-rounds", type=count, metavar="N", help="of everything else (default 1)")
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the page and the plot of a saved result")
    parser.add_argument(
        "--output", type=Path, metavar="DIR", default=DOCS, help="where --report writes (default docs/)"
    )
    parser.set_defaults(subjects=list(SUBJECTS), ways=list(WAYS))
    return parser


def _plan(options: argparse.Namespace) -> Plan:
    quick = options.quick
    return Plan(
        sizes=options.sizes or (["vga"] if quick else list(SIZES)),
        ways=options.ways,
        readers=options.readers or ([1] if quick else [1, 2, 4]),
        frames=options.frames or (20 if quick else 120),
        rounds=options.rounds or (1 if quick else 7),
        survey_rounds=options.survey_rounds or 1,
    )


def _text(document: dict[str, Any]) -> Iterable[str]:
    yield machine_line(document["machine"])
    yield from table_lines(document["summary"])
    yield ""
    yield "Goals"
    yield from goal_lines(document["goals"])
    for text in not_measured(document):
        yield f"not measured: {text}"


def _counts(text: str) -> list[int]:
    return [count(part) for part in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
