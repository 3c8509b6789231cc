"""docs/accuracy.md and its plot from the JSON document of a run, and the same tables as text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from report_page import write_page
from tags.scenes import CONDITIONS
from tags.subjects import SUBJECTS

__all__ = ["text_lines", "write_report"]

PLOT = "accuracy.svg"
INTRODUCTION = """\
# Accuracy of tags

Written by `airo-ros2 bench tags --report` from one run of `airo-ros2 bench tags --json`; do not edit it.

Every subject looks at the same images. Those of the first tables are rendered: one tag of tag36h11 at a random
place of a 1280x720 image (f = 900 px), tilted by 0 to 45 degrees unless stated otherwise, turned by any angle, with a
lens blur of 0.6 px and noise of 2 grey levels. *Side* is that of a tag that faces the camera.

* **recall**: of the tags shown, those found with the right id. **false**: everything else that was found.
* **corner**: root mean square error of a corner's coordinate. The bare libraries put the centre of the first pixel at
  (0.5, 0.5), OpenCV and camera calibrations put it at (0, 0): that half pixel is in their figures.
* **rotation**, **translation**: angle, and distance in % of the range, to the true pose; median and 95th percentile of
  all that was found, also where the wrong one of the two solutions was chosen.
* **bias**: mean error of the range, % (positive: too far), with its standard error.
* **wrong**: the other of the two solutions was right; of subjects that give only one, a rotation off by 20 degrees or
  more. **unflagged**: of those, not reported as ambiguous; **flagged**: all that are. Each image stands alone here.
* **NEES / 6**: mean squared error in units of the reported covariance, per degree of freedom; 1 is honest, more is too
  sure. The covariance holds around one solution, so wrong solutions do not count.
"""
COLUMNS = (
    "subject",
    "recall",
    "false",
    "corner [px]",
    "rotation [deg]",
    "p95",
    "translation [%]",
    "p95",
    "bias [%]",
    "wrong [%]",
    "unflagged [%]",
    "flagged [%]",
    "NEES / 6",
)


def write_report(document: dict[str, Any], folder: Path) -> list[str]:
    """Write accuracy.md and, with matplotlib, its plot.

    Args:
        document: what `--json` printed.
        folder: where the files go.

    Returns:
        What was written, and what was not with the reason; one line each.
    """
    return write_page(
        folder / "accuracy.md",
        plot=folder / PLOT,
        draw=lambda path: _plot(document["conditions"], path),
        lines=lambda has_plot: _page(document, has_plot=has_plot),
        command="make bench BENCH=tags",
    )


def text_lines(document: dict[str, Any]) -> Iterator[str]:
    """Yield the results for a terminal."""
    yield _machine_line(document)
    for title, columns, rows in _tables(document):
        yield ""
        yield title
        yield from _aligned(columns, rows)


def _page(document: dict[str, Any], *, has_plot: bool) -> Iterator[str]:
    yield INTRODUCTION
    yield _machine_line(document)
    if has_plot:
        yield f"\n![Errors against the size of the tag]({PLOT})"
    for title, columns, rows in _tables(document):
        yield f"\n## {title}\n"
        yield "| " + " | ".join(columns) + " |"
        yield "|" + "---|" * len(columns)
        for row in rows:
            yield "| " + " | ".join(row) + " |"


def _machine_line(document: dict[str, Any]) -> str:
    machine, options = document["machine"], document["options"]
    return (
        f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}, numpy {machine['numpy']}; "
        f"{options['scenes']} images per condition, seed {options['seed']}; {document['started']}, "
        f"{document['duration_secs'] / 60:.0f} minutes."
    )


_Table = tuple[str, tuple[str, ...], list[list[str]]]


def _tables(document: dict[str, Any]) -> Iterator[_Table]:
    goals = document["goals"]
    yield (
        "Goals",
        ("goal", "measured", "limit", ""),
        [[goal["title"], _number(goal["value"]), goal["limits"], f"**{goal['verdict']}**"] for goal in goals],
    )
    subjects = document["subjects"]
    yield (
        "Subjects",
        ("", "library", "version", ""),
        [
            [s["title"], s["distribution"], (s["version"] or "-") if s["is_installed"] else "not installed", s["note"]]
            for s in subjects
        ],
    )
    for condition in dict.fromkeys(row["condition"] for row in document["conditions"]):
        rows = [row for row in document["conditions"] if row["condition"] == condition]
        yield CONDITIONS[condition].title, COLUMNS, [_cells(row) for row in rows]
    yield _sequence_table(document["sequences"])
    yield _bundle_table(document["bundles"])
    photographs, natural = document["photographs"], document["natural"]
    yield (
        f"Photographs: {photographs['photographs']} real ones with reference detections",
        ("subject", "found", "of", "others"),
        [[r["title"], str(r["found"]), str(r["references"]), str(r["others"])] for r in photographs["rows"]],
    )
    yield (
        f"Natural images without tags: {natural['images']}, {natural['megapixels']:.0f} megapixels",
        ("subject", "tags found"),
        [[row["title"], str(row["false"])] for row in natural["rows"]],
    )
    yield (
        "Time at 1080p, medians",
        ("backend", "tags", "detector [ms]", "of that refinement [ms]", "poses [ms]", "poses with distortion [ms]"),
        [
            [
                r["backend"],
                str(r["tags"]),
                *(f"{r[name]:.2f}" for name in _TIMES),
            ]
            for r in document["timing"]
        ],
    )


_TIMES = ("detector_ms", "refinement_ms", "poses_ms", "poses_distorted_ms")


def _sequence_table(rows: list[dict[str, Any]]) -> _Table:
    return (
        "Sequences: a tag swings between 5 and 50 degrees, 4 s at 30 Hz; % of images with the wrong solution",
        ("backend", "side [px]", "images", "each alone", "followed, first second", "followed, after it"),
        [
            [
                r["backend"],
                str(r["side"]),
                str(r["frames"]),
                *(_percent(r[name]) for name in ("alone", "first", "later")),
            ]
            for r in rows
        ],
    )


def _bundle_table(rows: list[dict[str, Any]]) -> _Table:
    names = ("rotation_median_deg", "rotation_p95_deg", "translation_median_percent", "nees")
    return (
        "Bundles: tags of 48 px at the corners of a square of 0.3 m",
        ("backend", "pose from", "rotation [deg]", "p95", "translation [%]", "NEES / 6"),
        [[row["backend"], row["case"], *(_number(row.get(name)) for name in names)] for row in rows],
    )


def _cells(row: dict[str, Any]) -> list[str]:
    bias = row["range_bias_percent"]
    return [
        SUBJECTS[row["subject"]].title,
        _number(row["recall"]),
        str(row["false"]),
        _number(row["corner_rms_px"]),
        _number(row["rotation_median_deg"]),
        _number(row["rotation_p95_deg"]),
        _number(row["translation_median_percent"]),
        _number(row["translation_p95_percent"]),
        "-" if bias is None else f"{bias:+.3f} ± {row['range_bias_error_percent']:.3f}",
        _percent(row["wrong_branch"]),
        _percent(row["wrong_unflagged"]),
        _percent(row["flagged"]),
        _number(row["nees"]),
    ]


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _aligned(columns: Iterable[str], rows: list[list[str]]) -> Iterator[str]:
    table = [list(columns), *rows]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    for line in table:
        yield "  " + "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])])


def _plot(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw errors against the size of the tag.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib

    matplotlib.use("svg")
    from matplotlib.figure import Figure

    panels = (
        ("corner_rms_px", "corner error, RMS [px]"),
        ("rotation_median_deg", "rotation, median [deg]"),
        ("translation_median_percent", "translation, median [% of range]"),
    )
    figure = Figure(figsize=(12, 4), layout="constrained")
    for axes, (name, title) in zip(figure.subplots(1, 3), panels, strict=True):
        for subject in dict.fromkeys(row["subject"] for row in rows):
            points = [
                (CONDITIONS[row["condition"]].side, row[name])
                for row in rows
                if row["subject"] == subject and row["condition"].startswith("side") and row[name] is not None
            ]
            if points:
                style = "-" if subject in ("pupil", "pyapriltags") else "--"
                axes.plot(*zip(*points, strict=True), style, marker=".", label=SUBJECTS[subject].title)
        axes.set(xscale="log", yscale="log", xlabel="side of the tag [px]", title=title)
        axes.set_xticks([16, 24, 32, 48, 64, 96], ["16", "24", "32", "48", "64", "96"])
        axes.minorticks_off()
        axes.grid(alpha=0.3)
    axes.legend(fontsize="small")
    figure.savefig(path, metadata={"Date": None})
