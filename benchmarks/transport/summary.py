"""Medians over the rounds, and medians of ratios that were paired inside each round."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import median
from typing import Any

from transport.cases import COPY, FLOOD, IN_PLACE, SIZES, WAYS
from transport.subjects.subject import OURS, SUBJECTS

__all__ = ["Figure", "Run", "figures_by_round", "latency_p50", "median_of", "paired_ratio", "publish_p50", "summarise"]

Run = dict[str, Any]
Figure = Callable[[Run], float | None]


def latency_p50(run: Run) -> float | None:
    """Return the median latency of a run, µs."""
    return run["latency_us"] and float(run["latency_us"]["p50"])


def publish_p50(run: Run) -> float | None:
    """Return the median cost of publishing, µs."""
    return run["publish_us"] and float(run["publish_us"]["p50"])


def figures_by_round(
    runs: Iterable[Run], figure: Figure, subject: str, size: str, way: str, readers: int = 1
) -> dict[int, float]:
    """Return a figure of one subject and case in every round that has it."""
    wanted = (subject, size, way, readers)
    found = {}
    for run in runs:
        if run["status"] == "measured" and (run["subject"], run["size"], run["way"], run["readers"]) == wanted:
            value = figure(run)
            if value is not None:
                found[run["round"]] = value
    return found


def median_of(values: dict[int, float]) -> float | None:
    """Return the median over the rounds; None without any."""
    return median(values.values()) if values else None


def paired_ratio(ours: dict[int, float], theirs: dict[int, float]) -> float | None:
    """Return the median of ours divided by theirs, round by round."""
    ratios = [ours[number] / theirs[number] for number in ours.keys() & theirs.keys() if theirs[number] > 0]
    return median(ratios) if ratios else None


def summarise(runs: list[Run]) -> list[dict[str, Any]]:
    """Return one row for each case and subject that was measured."""
    keys = sorted({(run["size"], run["way"], run["readers"], run["subject"]) for run in runs}, key=_order)
    rows = (_row(runs, *key) for key in keys)
    return [row for row in rows if row is not None]


def _order(key: tuple[str, str, int, str]) -> tuple[int, int, int, int]:
    size, way, readers, subject = key
    return list(SIZES).index(size), list(WAYS).index(way), readers, list(SUBJECTS).index(subject)


def _row(runs: list[Run], size: str, way: str, readers: int, subject: str) -> dict[str, Any] | None:
    def by_round(figure: Figure, of: str = subject) -> dict[int, float]:
        return figures_by_round(runs, figure, of, size, way, readers)

    expected = {name: by_round(lambda run, name=name: sum(_as_list(run[name]))) for name in ("sent", "lost")}  # type: ignore[misc]
    if not expected["sent"]:
        return None
    latency = by_round(latency_p50)
    return {
        "size": size,
        "way": way,
        "readers": readers,
        "subject": subject,
        "rounds": len(expected["sent"]),
        "sent": int(sum(expected["sent"].values())),
        "lost": int(sum(expected["lost"].values())),  # of all readers
        "latency_p50_us": median_of(latency),
        "latency_p99_us": median_of(by_round(lambda run: run["latency_us"] and run["latency_us"]["p99"])),
        "latency_ours_to_this": paired_ratio(by_round(latency_p50, OURS), latency),
        "publish_p50_us": median_of(by_round(publish_p50)),
        "publish_ours_to_this": paired_ratio(by_round(publish_p50, OURS), by_round(publish_p50)),
        "writer_cpu_secs_per_1000": median_of(by_round(lambda run: run["cpu_secs_per_1000"]["writer"])),
        "fill_cpu_secs_per_1000": median_of(by_round(lambda run: run["cpu_secs_per_1000"]["fill"])),
        "readers_cpu_secs_per_1000": median_of(by_round(lambda run: run["cpu_secs_per_1000"]["readers"])),
        "cpu_percent": median_of(by_round(lambda run: run["cpu_percent"])),
        "gb_per_sec": median_of(by_round(lambda run: run["gb_per_sec"])) if way in (FLOOD, COPY, IN_PLACE) else None,
    }


def _as_list(value: int | list[int]) -> list[int]:
    return value if isinstance(value, list) else [value]
