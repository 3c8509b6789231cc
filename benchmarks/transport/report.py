"""docs/performance.md and its plot from the JSON document of a run."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from report_page import write_page
from transport.cases import COPY, FLOOD, IDLE, IN_PLACE
from transport.subjects.subject import SUBJECTS
from transport.table import COLUMNS, case_title, cells, machine_line, not_measured

__all__ = ["write_report"]

PLOT = "performance.svg"
_INTRODUCTION = """\
# Performance

Written by `airo-ros2 bench transport --report` from one run of `airo-ros2 bench transport --json`; do not edit it.

Every subject does the same work in the same run: frames at a fixed rate from one process to others. The subjects take
turns inside each round, so that what disturbs the machine disturbs all of them. Figures are medians over the rounds;
*ours / this* is the median of the ratios inside each round, below 1 where rclpy_loans is faster.

* **latency**: from "the frame is complete" in the writer to "a numpy array of it can be read" in the reader. Where the
  frame has to be copied in, the copy is part of it.
* **publish**: what handing over costs the camera's thread, without making the pixels.
* **CPU**: processor seconds for 1000 frames, of the writer (with making the pixels) and of all readers together.
* **lost**: of the frames that were sent, how many a reader did not get whole.
"""


def write_report(document: dict[str, Any], folder: Path) -> list[str]:
    """Write performance.md and, with matplotlib, its plot.

    Args:
        document: what `--json` printed.
        folder: where the files go.

    Returns:
        What was written, and what was not with the reason; one line each.
    """
    return write_page(
        folder / "performance.md",
        plot=folder / PLOT,
        draw=lambda path: _plot(document["summary"], path),
        lines=lambda has_plot: _lines(document, has_plot=has_plot),
        command="make bench",
    )


def _lines(document: dict[str, Any], *, has_plot: bool) -> Iterator[str]:
    yield _INTRODUCTION
    machine, options = document["machine"], document["options"]
    yield f"Machine: {machine_line(machine)}. Load when it began: {machine['load_average']}."
    yield (
        f"{options['frames']} frames per measurement, {options['rounds']} rounds of what the goals need, "
        f"{options['survey_rounds']} of the rest; {document['started']}, {document['duration_secs'] / 60:.0f} minutes."
    )
    if has_plot:
        yield f"\n![Latency and cost of publishing at 1080p]({PLOT})"
    yield "\n## Goals\n"
    yield from _table(("goal", "measured", "at most", ""), [_goal_cells(goal) for goal in document["goals"]])
    yield "\n## Subjects\n"
    yield from _table(("", "version", ""), [_subject_cells(subject) for subject in document["subjects"]])
    for text in not_measured(document):
        yield f"\nNot measured: {text}"
    yield "\n## Measurements"
    for title, rows in groupby((row for row in document["summary"] if row["way"] != IDLE), key=case_title):
        yield f"\n### {title}\n"
        yield from _table(COLUMNS, [cells(row) for row in rows])


def _goal_cells(goal: dict[str, Any]) -> list[str]:
    value = "-" if goal["value"] is None else f"{goal['value']:.3g}"
    return [goal["title"], value, f"{goal['at_most']:.3g}", f"**{goal['verdict']}**"]


def _subject_cells(subject: dict[str, Any]) -> list[str]:
    return [subject["title"], subject["version"] or "-", subject["note"]]


def _table(columns: tuple[str, ...], rows: list[list[str]]) -> Iterator[str]:
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _plot(summary: list[dict[str, Any]], path: Path) -> None:
    """Draw latency and cost of publishing of every subject, with one reader.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib

    matplotlib.use("svg")
    from matplotlib.figure import Figure

    size = "fhd" if any(row["size"] == "fhd" for row in summary) else summary[0]["size"] if summary else "fhd"
    rows = [row for row in summary if row["size"] == size and row["readers"] == 1 and row["way"] not in (IDLE, FLOOD)]
    names = [name for name in SUBJECTS if any(row["subject"] == name for row in rows)]
    figure = Figure(figsize=(10, 1.2 + 0.42 * len(names)), layout="constrained")
    panels = (("latency_p50_us", "latency, median [ms]"), ("publish_p50_us", "cost of publishing, median [ms]"))
    all_axes = figure.subplots(1, 2, sharey=True)
    for axes, (figure_name, title) in zip(all_axes, panels, strict=True):
        for offset, way, colour in ((-0.2, IN_PLACE, "#1b7f5c"), (0.2, COPY, "#8a9bb0")):
            values = {row["subject"]: row[figure_name] for row in rows if row["way"] == way}
            places = [(names.index(name) + offset, value / 1000) for name, value in values.items() if value]
            label = "written in place" if way == IN_PLACE else "copied from an array"
            axes.barh([place for place, _ in places], [value for _, value in places], 0.38, color=colour, label=label)
        axes.set(xscale="log", xlabel=title)
        axes.grid(axis="x", alpha=0.3)
    all_axes[0].set_yticks(range(len(names)), [SUBJECTS[name].title for name in names])
    all_axes[0].invert_yaxis()
    all_axes[1].legend(loc="lower right")
    figure.savefig(path, metadata={"Date": None})
