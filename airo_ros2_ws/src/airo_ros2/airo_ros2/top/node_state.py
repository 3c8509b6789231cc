"""The state of one node, as a row for people or as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["HEAD", "TEXT_COLUMNS", "NodeState"]

HEAD = ("node", "state", "Hz", "p99 ms", "dropped", "restarts", "memory MB", "cpu %", "says")
TEXT_COLUMNS = frozenset({0, 1, 8})  # the others are numbers
_LEVELS = ("ok", "warning", "error", "stale")


@dataclass(frozen=True)
class NodeState:
    """What is said of one node.

    Attributes:
        name: full name, without the first slash.
        level: 0 ok, 1 warning, 2 error.
        message: one line.
        values: of the node and of its supervisor together; numbers are texts with the unit in the key.
    """

    name: str
    level: int
    message: str
    values: Mapping[str, str]

    def as_dict(self) -> dict[str, Any]:
        """Return the content as plain data."""
        return asdict(self)

    def as_row(self) -> tuple[str, ...]:
        """Return the columns of HEAD."""
        values = self.values
        return (
            self.name,
            values.get("state") or _LEVELS[min(self.level, len(_LEVELS) - 1)],
            values.get("rate (Hz)", "-"),
            values.get("latency p99 (ms)") or values.get("latency max (ms)", "-"),
            values.get("dropped", "-"),
            values.get("restarts", "-"),
            values.get("memory (MB)", "-"),
            values.get("cpu (%)", "-"),
            self.message,
        )
