"""A whole run: rounds of cases of subjects, and the document of their results."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from datetime import datetime, timezone
from typing import Any

from domain_coordinator import domain_id

from transport.cases import Plan
from transport.goals import judge
from transport.machine import describe_machine, version_of
from transport.measurement import PREFIX, measure, remove_leftovers
from transport.subjects.subject import SUBJECTS
from transport.summary import summarise

__all__ = ["run"]


def run(plan: Plan, subjects: Collection[str], *, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure everything and return the JSON document.

    Args:
        plan: what is measured.
        subjects: keys of SUBJECTS; they take turns in this order.
        say: called with one line of progress before each case.
    """
    document: dict[str, Any] = {
        "benchmark": "transport",
        "started": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "options": {
            "sizes": list(plan.sizes),
            "ways": list(plan.ways),
            "readers": list(plan.readers),
            "frames": plan.frames,
            "rounds": plan.rounds,
            "survey_rounds": plan.survey_rounds,
        },
        "subjects": [_describe(name) for name in subjects],
    }
    started = time.monotonic()
    remove_leftovers()
    with domain_id() as domain:
        runs = _all_runs(plan, subjects, domain=int(domain), say=say)
    document["duration_secs"] = round(time.monotonic() - started, 1)
    document["goals"] = judge(runs)
    document["summary"] = summarise(runs)
    document["runs"] = runs
    return document


def _describe(name: str) -> dict[str, Any]:
    subject = SUBJECTS[name]
    return {
        "name": name,
        "title": subject.title,
        "version": version_of(subject.distribution),
        "note": subject.note,
        "missing": subject.missing(""),
    }


def _all_runs(
    plan: Plan, subjects: Collection[str], *, domain: int, say: Callable[[str], None]
) -> list[dict[str, Any]]:
    runs: list[dict[str, Any]] = []
    for number in range(max(plan.rounds, plan.survey_rounds)):
        for case in plan.cases(number):
            say(f"round {number + 1}: {case.size}, {case.way}, {case.readers} reader(s)")
            for subject in subjects:
                result = measure(case, subject, domain=domain, name=f"{PREFIX}{os.getpid()}_{len(runs)}_")
                runs.append({"round": number, "subject": subject, **case.to_json(), **result})
    return runs
