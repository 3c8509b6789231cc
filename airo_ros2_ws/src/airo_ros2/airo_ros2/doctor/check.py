"""One line of what the doctor says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

__all__ = ["Check", "ok", "problem", "warning"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: of the thing.
        verdict: problem: frames do not, or will not, travel without a copy; warning: something may spoil it.
        found: what it is.
        remedy: what to do; None where there is nothing to do.
    """

    name: str
    verdict: Literal["ok", "warning", "problem"]
    found: str
    remedy: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        """Return the content as plain data."""
        return asdict(self)

    def as_text(self) -> str:
        """Return one line for people, and a second one with the remedy."""
        line = f"{self.verdict:8} {self.name:20} {self.found}"
        return line if self.remedy is None else f"{line}\n{'':8} {'':20} -> {self.remedy}"


def ok(name: str, found: str) -> Check:
    """Return a check that found what is needed."""
    return Check(name, "ok", found)


def warning(name: str, found: str, remedy: str) -> Check:
    """Return a check that found what may spoil sharing."""
    return Check(name, "warning", found, remedy)


def problem(name: str, found: str, remedy: str) -> Check:
    """Return a check that found what prevents sharing."""
    return Check(name, "problem", found, remedy)
