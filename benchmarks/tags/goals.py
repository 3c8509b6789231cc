"""The goals, and whether a run met them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from tags.subjects import OURS, SUBJECTS

__all__ = ["judge"]

Document = dict[str, Any]


@dataclass(frozen=True)
class Goal:
    """A limit and what was measured.

    Attributes:
        title: what is compared.
        value: what was measured; None if it was not.
        low: the least that is allowed; None for no limit.
        high: the most that is allowed; None for no limit.
    """

    title: str
    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def limits(self) -> str:
        """In words."""
        low = "" if self.low is None else f">= {self.low:g}"
        high = "" if self.high is None else f"<= {self.high:g}"
        return ", ".join(filter(None, (low, high)))

    @property
    def verdict(self) -> str:
        """In one or two words."""
        if self.value is None:
            return "not measured"
        is_met = (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)
        return "met" if is_met else "missed"


def judge(document: Document) -> list[dict[str, Any]]:
    """Return every goal with its verdict."""
    goals = [*_detection(document), *_corners(document), *_poses(document), *_others(document)]
    return [{**asdict(goal), "limits": goal.limits, "verdict": goal.verdict} for goal in goals]


def _figure(document: Document, subject: str, condition: str, name: str) -> float | None:
    for row in document["conditions"]:
        if (row["subject"], row["condition"]) == (subject, condition):
            value = row[name]
            return None if value is None else float(value)
    return None


def _over(
    document: Document,
    subject: str,
    name: str,
    choose: Callable[..., float],
    *,
    sides: tuple[int, ...],
) -> float | None:
    values = [_figure(document, subject, f"side{side}", name) for side in sides]
    known = [value for value in values if value is not None]
    return choose(known) if known else None


def _detection(document: Document) -> Iterator[Goal]:
    for subject in OURS:
        title = SUBJECTS[subject].title
        recall = _over(document, subject, "recall", min, sides=(24, 32, 36, 48, 64, 96))
        yield Goal(f"{title}: smallest recall from 24 px on, tilt up to 45 degrees", recall, low=0.99)
        false = [row["false"] for row in document["natural"]["rows"] if row["subject"] == subject]
        yield Goal(f"{title}: tags found in natural images without tags", false[0] if false else None, high=0)
    found = [row["found"] for row in document["photographs"]["rows"] if row["subject"] == "reference"]
    yield Goal("photographs: of 47 reference tags, with their settings", found[0] if found else None, low=46)


def _corners(document: Document) -> Iterator[Goal]:
    for subject, side, limit in (("pupil", 32, 0.10), ("pupil", 48, 0.07), ("pyapriltags", 48, 0.04)):
        rms = _figure(document, subject, f"side{side}", "corner_rms_px")
        yield Goal(f"{SUBJECTS[subject].title}: corner error at {side} px, RMS, px", rms, high=limit)


def _poses(document: Document) -> Iterator[Goal]:
    limits = {48: (0.35, 1.0, 0.1, 0.4), 96: (0.2, 0.7, 0.05, 0.15)}
    names = ("rotation_median_deg", "rotation_p95_deg", "translation_median_percent", "translation_p95_percent")
    texts = ("rotation, median, degrees", "rotation, p95, degrees", "translation, median, %", "translation, p95, %")
    for subject in OURS:
        title = SUBJECTS[subject].title
        for side, values in limits.items():
            for name, text, limit in zip(names, texts, values, strict=True):
                yield Goal(f"{title}: {text} at {side} px", _figure(document, subject, f"side{side}", name), high=limit)
            bias = _figure(document, subject, f"side{side}", "range_bias_percent")
            yield Goal(f"{title}: bias of the range at {side} px, %", None if bias is None else abs(bias), high=0.02)
        wrong = _over(document, subject, "wrong_branch", max, sides=(36, 48, 64, 96))
        yield Goal(f"{title}: wrong solution in one image from 36 px on", wrong, high=0.01)
        unflagged = _over(document, subject, "wrong_unflagged", max, sides=(16, 20, 24, 32, 36, 48, 64, 96))
        yield Goal(f"{title}: wrong and not flagged as ambiguous, any size", unflagged, high=0.01)
        for choose, text in ((min, "smallest"), (max, "largest")):
            nees = _over(document, subject, "nees", choose, sides=(32, 36, 48, 64, 96))
            yield Goal(f"{title}: {text} mean NEES / 6 from 32 px on", nees, low=0.5, high=1.5)


def _others(document: Document) -> Iterator[Goal]:
    for row in document["sequences"]:
        if row["side"] >= 36:
            title = f"{SUBJECTS[row['backend']].title}: wrong solution after the first second at {row['side']} px"
            yield Goal(title, row["later"], high=0.0)
    for backend in OURS:
        rows = {row["case"]: row for row in document["bundles"] if row["backend"] == backend}
        title = SUBJECTS[backend].title
        ratio = None
        if rows:
            ratio = rows["one tag"]["rotation_median_deg"] / rows["four tags"]["rotation_median_deg"]
        yield Goal(f"{title}: rotation, one tag / four tags in a bundle", ratio, low=5.0)
        nees = rows["four tags"]["nees"] if rows else None
        yield Goal(f"{title}: mean NEES / 6 of bundles", nees, low=0.5, high=1.5)
    for row in document["timing"]:
        title = f"{SUBJECTS[row['backend']].title}: poses of {row['tags']} tags at 1080p, ms"
        yield Goal(title, row["poses_ms"], high=1.5)
