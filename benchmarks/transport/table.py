"""Results as text for people."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from transport.cases import IDLE, SIZES, WAYS
from transport.subjects.subject import SUBJECTS

__all__ = ["COLUMNS", "case_title", "cells", "goal_lines", "machine_line", "not_measured", "table_lines"]

COLUMNS = (
    "subject",
    "latency p50",
    "p99 [ms]",
    "ours / this",
    "publish p50 [ms]",
    "ours / this",
    "CPU writer",
    "readers [s/1000]",
    "lost",
    "GB/s",
)


def case_title(row: dict[str, Any]) -> str:
    """Return the heading of a case."""
    size = SIZES[row["size"]]
    rate = f" at {size.rate_hz:.0f} Hz" if row["way"] != "flood" else ""
    return f"{size.title}{rate}, {row['readers']} reader{'s' * (row['readers'] != 1)}: {WAYS[row['way']]}"


def cells(row: dict[str, Any]) -> list[str]:
    """Return the columns of a row of the summary."""
    lost = f"{100 * row['lost'] / (row['sent'] * row['readers']):.1f} %" if row["lost"] else "0"
    return [
        SUBJECTS[row["subject"]].title,
        _millis(row["latency_p50_us"]),
        _millis(row["latency_p99_us"]),
        _ratio(row["latency_ours_to_this"]),
        _millis(row["publish_p50_us"]),
        _ratio(row["publish_ours_to_this"]),
        _plain(row["writer_cpu_secs_per_1000"]),
        _plain(row["readers_cpu_secs_per_1000"]),
        lost,
        _plain(row["gb_per_sec"]),
    ]


def table_lines(summary: list[dict[str, Any]]) -> Iterator[str]:
    """Yield one table for each case."""
    for title, rows in groupby((row for row in summary if row["way"] != IDLE), key=case_title):
        yield ""
        yield title
        table = [list(COLUMNS), *map(cells, rows)]
        widths = [max(len(line[column]) for line in table) for column in range(len(COLUMNS))]
        for line in table:
            yield "  " + "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])


def goal_lines(goals: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the goals with their verdicts."""
    width = max(len(goal["title"]) for goal in goals)
    for goal in goals:
        value = "-" if goal["value"] is None else f"{goal['value']:.3g}"
        yield f"  {goal['title'].ljust(width)}  {value:>8} <= {goal['at_most']:<6.3g} {goal['verdict']}"


def not_measured(document: dict[str, Any]) -> Iterator[str]:
    """Yield what is missing or failed, once each."""
    seen = set()
    for run in document["runs"]:
        if run["status"] == "failed" or "not installed" in run.get("reason", ""):
            text = f"{SUBJECTS[run['subject']].title}: {run['reason']}"
            if text not in seen:
                seen.add(text)
                yield text


def machine_line(machine: dict[str, Any]) -> str:
    """Return the machine in one line."""
    return (
        f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']} {machine['architecture']}, "
        f"Python {machine['python']}, ROS 2 {machine['ros_distro']}, Fast DDS {machine['fastdds']}"
    )


def _millis(micros: float | None) -> str:
    return "-" if micros is None else f"{micros / 1000:.3f}"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
