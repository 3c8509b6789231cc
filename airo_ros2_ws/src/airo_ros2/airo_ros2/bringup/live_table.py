"""Results for people: a table that is drawn again and again on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol

from airo_ros2.bringup.results import FrameResult

__all__ = ["LiveTable", "ResultLines", "ResultView", "result_view"]

REDRAWS_PER_SEC = 8.0


class ResultView(Protocol):
    """Shows results. A context manager: leaving ends it."""

    def show(self, result: FrameResult) -> None:
        """Show the result of one frame."""

    def __enter__(self) -> ResultView:
        """Begin."""

    def __exit__(self, *error: object) -> None:
        """End."""


class ResultLines:
    """One line for each frame with tags, or one JSON object for each frame.

    Args:
        write: prints a line.
        as_json: print JSON.
        heading: said on stderr when the first result comes, that is when the set-up works; empty for none.
    """

    def __init__(self, write: Callable[[str], None], *, as_json: bool = False, heading: str = "") -> None:
        self._write = write
        self._as_json = as_json
        self._heading = heading

    def show(self, result: FrameResult) -> None:
        """Print it."""
        if self._heading:
            sys.stderr.write(f"airo-ros2: {self._heading}\n")
            self._heading = ""
        if self._as_json:
            self._write(result.as_json())
        elif result.tags:
            self._write(result.as_line())

    def __enter__(self) -> ResultLines:
        """Return self."""
        return self

    def __exit__(self, *error: object) -> None:
        """Do nothing: every line is out."""


class LiveTable:
    """A table on the terminal. What else is printed meanwhile stands above it, and its last state stays.

    Args:
        heading: a line above it.
    """

    def __init__(self, heading: str = "") -> None:
        from rich.live import Live

        from airo_ros2.bringup.tag_board import TagBoard

        self._board = TagBoard(heading)
        self._live = Live(get_renderable=lambda: self._board, refresh_per_second=REDRAWS_PER_SEC)

    def show(self, result: FrameResult) -> None:
        """Take it in; it is drawn with the next refresh."""
        self._board.add(result)

    def __enter__(self) -> LiveTable:
        """Begin to draw."""
        self._live.start(refresh=True)
        return self

    def __exit__(self, *error: object) -> None:
        """Draw once more, and give the terminal back."""
        self._live.stop()


def result_view(*, as_json: bool, write: Callable[[str], None], heading: str = "") -> ResultView:
    """Return what suits: JSON if that was asked for, a table if stdout is a terminal, lines otherwise.

    Args:
        as_json: one JSON object per frame, and nothing else.
        write: prints a line.
        heading: for people: above the table, or on stderr before the first line.
    """
    if not as_json and sys.stdout.isatty():
        return LiveTable(heading)
    return ResultLines(write, as_json=as_json, heading=heading)
