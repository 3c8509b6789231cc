"""The files that the page consists of. Only these can be asked for: no path ever comes from a request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Asset", "read_assets"]

_FOLDER = Path(__file__).resolve().parent / "assets"
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class Asset:
    """One file.

    Attributes:
        content: of the file.
        kind: its MIME type.
        tag: changes with the content.
    """

    content: bytes
    kind: str
    tag: str


def read_assets() -> dict[str, Asset]:
    """Return all files by name."""
    return {path.name: _read(path) for path in sorted(_FOLDER.iterdir()) if path.suffix in _KINDS}


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    return Asset(content, _KINDS[path.suffix], hashlib.sha256(content).hexdigest()[:16])
