"""A whole run, and the document of its results."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tags.bundles import run_bundles
from tags.goals import judge
from tags.pictures import run_natural, run_photographs
from tags.scenes import CONDITIONS, scenes_of
from tags.scores import Scores
from tags.sequences import run_sequences
from tags.subjects import OURS, SUBJECTS
from tags.timing import run_timing

__all__ = ["Plan", "run"]

TAG_SIZE = 0.1


@dataclass(frozen=True)
class Plan:
    """What a run measures.

    Attributes:
        subjects: keys of SUBJECTS.
        conditions: keys of CONDITIONS.
        scenes: images of each condition.
        seed: of everything that is drawn by lot.
        photographs: folder of real photographs with reference detections; may be absent.
        is_quick: little of everything: does it work?
    """

    subjects: Collection[str]
    conditions: Collection[str]
    scenes: int
    seed: int
    photographs: Path
    is_quick: bool


def run(plan: Plan, *, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure everything and return the JSON document.

    Args:
        plan: what is measured.
        say: called with one line of progress before each part.
    """
    started = time.monotonic()
    document: dict[str, Any] = {
        "benchmark": "tags",
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": _machine(),
        "options": {"scenes": plan.scenes, "seed": plan.seed, "quick": plan.is_quick},
        "subjects": [_describe(name) for name in plan.subjects],
        "conditions": _conditions(plan, say),
    }
    backends = [name for name in OURS if name in plan.subjects and SUBJECTS[name].is_installed]
    say("sequences")
    count = 1 if plan.is_quick else 12
    document["sequences"] = [row for name in backends for row in run_sequences(name, count=count, seed=plan.seed)]
    say("bundles")
    count = 10 if plan.is_quick else 150
    document["bundles"] = [row for name in backends for row in run_bundles(name, count=count, seed=plan.seed)]
    say("photographs and natural images")
    document["photographs"] = run_photographs(plan.photographs)
    document["natural"] = run_natural(is_quick=plan.is_quick)
    say("timing")
    document["timing"] = run_timing(is_quick=plan.is_quick)
    document["duration_secs"] = round(time.monotonic() - started, 1)
    document["goals"] = judge(document)
    return document


def _conditions(plan: Plan, say: Callable[[str], None]) -> list[dict[str, Any]]:
    rows = []
    for condition in plan.conditions:
        say(CONDITIONS[condition].title)
        names = [name for name in plan.subjects if SUBJECTS[name].is_installed]
        looks = {name: SUBJECTS[name].make(TAG_SIZE) for name in names}
        scores = {name: Scores() for name in names}
        for scene in scenes_of(CONDITIONS[condition], count=plan.scenes, seed=plan.seed):
            for name, look in looks.items():
                scores[name].add(scene.truth, look(scene.image, scene.intrinsics))
        rows += [{"condition": condition, "subject": name, **scores[name].to_json()} for name in names]
    return rows


def _describe(name: str) -> dict[str, Any]:
    subject = SUBJECTS[name]
    return {
        "name": name,
        "title": subject.title,
        "distribution": subject.distribution,
        "version": _version(subject.distribution),
        "note": subject.note,
        "is_installed": subject.is_installed,
    }


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _machine() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "numpy": _version("numpy"),
        "load_average": round(os.getloadavg()[0], 2),
    }
