"""The goals of the transport, and whether a run met them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from transport.cases import COPY, IDLE, IN_PLACE
from transport.subjects.subject import OURS, SUBJECTS
from transport.summary import Figure, Run, figures_by_round, latency_p50, median_of, paired_ratio, publish_p50

__all__ = ["judge"]


@dataclass(frozen=True)
class Goal:
    """A limit and what was measured.

    Attributes:
        title: what is compared.
        value: median of ratios paired in each round, or what the title says; None if it was not measured.
        at_most: the limit.
    """

    title: str
    value: float | None
    at_most: float

    @property
    def verdict(self) -> str:
        """In one or two words."""
        if self.value is None:
            return "not measured"
        return "met" if self.value <= self.at_most else "missed"


def judge(runs: list[Run]) -> list[dict[str, Any]]:
    """Return every goal with its verdict."""
    goals = [*_latency_goals(runs), *_publish_goals(runs), _cpu_goal(runs), *_loss_goals(runs)]
    return [{**asdict(goal), "verdict": goal.verdict} for goal in goals]


def _latency_goals(runs: list[Run]) -> Iterator[Goal]:
    ours = figures_by_round(runs, latency_p50, OURS, "fhd", IN_PLACE)
    for peer, at_most in (("iceoryx2", 1.0), ("sensor_image", 1 / 200), ("airo_ipc", 1 / 10), ("zeromq", 1 / 10)):
        # Ours is written in place; a peer is too if it can, and is given the finished array otherwise.
        way = IN_PLACE if SUBJECTS[peer].is_in_place else COPY
        theirs = figures_by_round(runs, latency_p50, peer, "fhd", way)
        yield Goal(f"latency at 1080p, ours / {SUBJECTS[peer].title}", paired_ratio(ours, theirs), at_most)


def _publish_goals(runs: list[Run]) -> Iterator[Goal]:
    def cost(subject: str, size: str) -> dict[int, float]:
        return figures_by_round(runs, publish_p50, subject, size, IN_PLACE)

    yield Goal("cost of publishing, 4K / VGA", paired_ratio(cost(OURS, "uhd"), cost(OURS, "vga")), 1.2)
    peer = "iceoryx2"
    ratio = paired_ratio(cost(OURS, "fhd"), cost(peer, "fhd"))
    yield Goal(f"cost of publishing at 1080p, ours / {SUBJECTS[peer].title}", ratio, 1.0)


def _cpu_goal(runs: list[Run]) -> Goal:
    def net_percent(run: Run) -> float:
        return float(run["cpu_percent"] - run["fill_percent"])  # making the pixels is the camera's work

    busy = figures_by_round(runs, net_percent, OURS, "fhd", IN_PLACE)
    idle = figures_by_round(runs, net_percent, OURS, "fhd", IDLE)
    more = {number: busy[number] - idle[number] for number in busy.keys() & idle.keys()}
    return Goal("one 1080p stream at 60 Hz, both processes, above an idle pair, % of a core", median_of(more), 10.0)


def _loss_goals(runs: list[Run]) -> Iterator[Goal]:
    lost: Figure = lambda run: float(sum(run["lost"]))  # noqa: E731
    for size, title in (("uhd", "4K at 60 Hz"), ("cloud", "32 MB at 30 Hz")):
        found = figures_by_round(runs, lost, OURS, size, IN_PLACE, 2)
        yield Goal(f"frames lost, {title} to two readers, all rounds", sum(found.values()) if found else None, 0.0)
