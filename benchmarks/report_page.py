"""Pages of docs/ that a benchmark writes: a Markdown file and, with matplotlib, its plot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["write_page"]


def write_page(
    page: Path, *, plot: Path, draw: Callable[[Path], None], lines: Callable[[bool], Iterable[str]], command: str
) -> list[str]:
    """Write a page and, where matplotlib is installed, its plot; folders are made.

    Args:
        page: Markdown file.
        plot: SVG file.
        draw: draws the plot into a file; raises ImportError without matplotlib.
        lines: of the page; told whether there is a plot.
        command: that installs matplotlib.

    Returns:
        What was written, and what was not with the reason; one line each.
    """
    page.parent.mkdir(parents=True, exist_ok=True)
    try:
        draw(plot)
        said, has_plot = f"wrote {plot}", True
    except ImportError:
        said, has_plot = f"no plot: matplotlib is not installed; `{command}` installs it", False
    page.write_text("\n".join(lines(has_plot)) + "\n")
    return [said, f"wrote {page}"]
