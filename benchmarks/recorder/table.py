"""The results as lines of Markdown, for a terminal and for docs/recording.md."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from recorder.depth import DEPTH_WAYS
from recorder.subjects import SUBJECTS

__all__ = ["lines_of", "write_into"]

BEGIN, END = "<!-- benchmark: begin -->", "<!-- benchmark: end -->"


def lines_of(document: dict[str, Any]) -> Iterator[str]:
    """Yield the tables of a run."""
    machine, options = document["machine"], document["options"]
    yield (
        f"Machine: {machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}, Python {machine['python']}, "
        f"PyAV {machine['av']}, mcap {machine['mcap']}. Load when it ended: {machine['load_average']}. "
        f"{document['started']}; medians of {options['rounds']} rounds of {options['secs']:g} s; "
        f"preset {options['preset']}."
    )
    yield from ("", "| goal | measured | limit | |", "|---|---|---|---|")
    for goal in document["goals"]:
        value = "-" if goal["value"] is None else f"{goal['value']:.3g}"
        yield f"| {goal['title']} | {value} | {goal['limit']} | **{goal['verdict']}** |"
    yield from (
        "",
        "| 1080p at 30 Hz | CPU per frame, ms | memory of its own, MB | file, MB/s | |",
        "|---|---|---|---|---|",
    )
    for name, subject in SUBJECTS.items():
        runs = [run for run in document["runs"] if run["kind"] == "cpu" and run["subject"] == name]
        if runs:
            cells = (
                f"{median(run['cpu_ms_per_frame'] for run in runs):.1f}",
                f"{median(run['memory_bytes'] for run in runs) / 1e6:.0f}",
                f"{median(run['file_bytes'] / max(1, run['frames']) for run in runs) * 30 / 1e6:.2f}",
            )
            yield f"| {subject.title} | {' | '.join(cells)} | {subject.note} |"
    yield from _depth_lines(document)
    yield from ("", "| raw 1080p frames to the disk | MB/s |", "|---|---|")
    for key, title in (
        ("mcap_mb_per_sec", "MCAP, chunks without compression"),
        ("plain_mb_per_sec", "plain file"),
    ):
        yield f"| {title} | {median(run[key] for run in document['runs'] if run['kind'] == 'disk'):.0f} |"
    yield ""
    yield f"Waiting in memory at most, for one camera: {document['memory_bound_bytes'] / 1e6:.0f} MB."
    for title, why in document["missing"].items():
        yield f"Not measured: {title}: {why}."


def _depth_lines(document: dict[str, Any]) -> Iterator[str]:
    yield from (
        "",
        "| 1280x720 with depth and confidence at 30 Hz, 304 MB/s | CPU per frame, ms | memory of its own, MB "
        "| file, MB/s | lost |",
        "|---|---|---|---|---|",
    )
    for way in DEPTH_WAYS:
        runs = [run for run in document["runs"] if run["kind"] == "depth" and run["way"] == way]
        if runs:
            written, lost = (sum(run[key] for run in runs) for key in ("written", "lost"))
            cells = (
                f"{median(run['cpu_ms_per_frame'] for run in runs):.1f}",
                f"{median(run['memory_bytes'] for run in runs) / 1e6:.0f}",
                f"{median(run['bytes'] / max(1, run['written']) for run in runs) * 30 / 1e6:.1f}",
                f"{lost} of {written + lost}",
            )
            yield f"| {way} | {' | '.join(cells)} |"


def write_into(page: Path, document: dict[str, Any]) -> None:
    """Replace what stands between the marks of a page.

    Raises:
        ValueError: the page has no marks.
    """
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no {BEGIN} and {END}")
    page.write_text("\n".join([before + BEGIN, *lines_of(document), END + after]))
