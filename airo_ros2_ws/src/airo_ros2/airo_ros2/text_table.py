"""Tables of text for people."""

from __future__ import annotations

from collections.abc import Collection, Sequence

__all__ = ["table"]


def table(rows: Sequence[tuple[str, ...]], *, texts: Collection[int]) -> list[str]:
    """Return rows with aligned columns.

    Args:
        rows: all of one length.
        texts: columns that are aligned to the left.
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(_cells(row, widths, texts)).rstrip() for row in rows]


def _cells(row: tuple[str, ...], widths: Sequence[int], texts: Collection[int]) -> list[str]:
    return [
        text.ljust(width) if column in texts else text.rjust(width)
        for column, (text, width) in enumerate(zip(row, widths, strict=True))
    ]
