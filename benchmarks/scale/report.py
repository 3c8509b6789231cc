"""docs/scale.md and its plot from the JSON document of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from report_page import write_page
from scale.summary import REACHED, taken_by_others
from scale.table import COLUMNS, cells, sentences

__all__ = ["write_report"]

PLOT = "scale.svg"
OTHERS = 0.3  # cores, of other programs, from which on a run does not say what the machine can do
_INTRODUCTION = """\
# How many cameras

Written by `airo-ros2 bench scale --report` from one run of `airo-ros2 bench scale --json`; do not edit it.

Each row is a set-up of `airo-ros2 bringup`: so many simulated VGA cameras, each with a tag_pose node that searches
every frame, without a web view, relays or recorders. A number of cameras counts as reached when every camera publishes
and every tag_pose node processes at least {reached:.0%} of the frames asked for. CPU is in cores (1.00 is one core, all
the time), latency is from the acquisition of the image, memory is the sum over all processes with shared pages counted
once (PSS), and /dev/shm is all that Fast DDS has there.

* **still**: the scene is drawn once, so a camera process does what it does for a real camera: fill a slot and publish
  it. What a driver costs (USB, decoding of MJPG or H.264) comes on top.
* **moving**: the scene is drawn anew for each frame, which no real camera does.
"""
_TITLES = {"still": "Still scene: what real cameras are like", "moving": "Moving scene: the simulated camera at work"}


def write_report(document: dict[str, Any], folder: Path) -> list[str]:
    """Write scale.md and, with matplotlib, its plot.

    Args:
        document: what `--json` printed.
        folder: where the files go.

    Returns:
        What was written, and what was not with the reason; one line each.
    """
    return write_page(
        folder / "scale.md",
        plot=folder / PLOT,
        draw=lambda path: _plot(document, path),
        lines=lambda has_plot: _lines(document, has_plot=has_plot),
        command="make bench",
    )


def _lines(document: dict[str, Any], *, has_plot: bool) -> Iterator[str]:
    machine, plan = document["machine"], document["plan"]
    yield _INTRODUCTION.format(reached=REACHED)
    yield (
        f"Machine: {machine['cpu']}, {machine['cores']} cores, kernel {machine['kernel']}, Python {machine['python']}. "
        f"Load when it began: {machine['load_average']}. {plan['seconds']:g} s of each set-up; {document['started']}."
    )
    others = max((taken_by_others(result) for result in document["results"]), default=0.0)
    if others > OTHERS:
        yield (
            f"\n**Not a quiet machine**: other programs took up to {others:.2f} cores meanwhile, and tag_pose yields "
            "to them. This machine can do more than is seen here."
        )
    if has_plot:
        yield f"\n![Rates and CPU by number of cameras]({PLOT})"
    for summary in document["summary"]:
        results = [result for result in document["results"] if result["scene"] == summary["scene"]]
        yield f"\n## {_TITLES[summary['scene']]}\n"
        yield " ".join(sentences(summary, results, plan["fps"]))
        yield "\n| " + " | ".join(COLUMNS) + " |"
        yield "|" + "---|" * len(COLUMNS)
        for result in results:
            yield "| " + " | ".join(cells(result, plan["fps"])) + " |"
    for failure in document["failures"]:
        yield f"\nNot measured: {failure}"


def _plot(document: dict[str, Any], path: Path) -> None:
    """Draw rates and CPU by number of cameras.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib

    matplotlib.use("svg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.2 * len(document["summary"]) + 0.4), layout="constrained")
    all_axes = figure.subplots(len(document["summary"]), 2, squeeze=False)
    for (rates, cpu), summary in zip(all_axes, document["summary"], strict=True):
        results = [result for result in document["results"] if result["scene"] == summary["scene"]]
        cameras = [result["cameras"] for result in results]
        for key, label, colour in (("frame_rate", "published", "#1b7f5c"), ("tag_rate", "searched", "#c8742b")):
            slowest = [min(stream[key] for stream in result["streams"]) for result in results]
            rates.plot(cameras, slowest, "o-", color=colour, label=label)
        rates.axhline(document["plan"]["fps"], color="#8a9bb0", linewidth=1)
        rates.set(title=f"{summary['scene']} scene", ylabel="frames per s, slowest camera", ylim=(0, None))
        below = [0.0] * len(results)
        for kind, colour in (("camera", "#1b7f5c"), ("tags", "#c8742b"), ("supervisor", "#8a9bb0")):
            values = [result["cpu"][kind] for result in results]
            cpu.bar(cameras, values, 0.7, below, color=colour, label={"tags": "tag_pose"}.get(kind, kind))
            below = [low + value for low, value in zip(below, values, strict=True)]
        cpu.axhline(document["machine"]["cores"], color="#8a9bb0", linewidth=1)
        cpu.set(title="CPU, cores")
        for axes in (rates, cpu):
            axes.set(xticks=cameras, xlabel="cameras")
            axes.legend(loc="best")
            axes.grid(axis="y", alpha=0.3)
    figure.savefig(path, metadata={"Date": None})
