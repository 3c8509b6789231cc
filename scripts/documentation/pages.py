"""Which documents of the repository are pages of the site."""

from __future__ import annotations

import posixpath
from pathlib import Path

from links import linked_paths

__all__ = ["ROOT", "linked_files", "pages_of_documents"]

ROOT = Path(__file__).resolve().parent.parent.parent
_SOURCES = "airo_ros2_ws/src"
_AT_ROOT = {
    "README.md": "index.md",  # the first page is docs/index.md; who links to the README means it
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security_policy.md",
    "conda/README.md": "packages/conda.md",
}


def pages_of_documents() -> dict[str, str]:
    """Return the page of each document, as paths in the repository and on the site."""
    packages = {
        path.relative_to(ROOT).as_posix(): f"packages/{path.parent.name}.md"
        for path in sorted(ROOT.glob(f"{_SOURCES}/*/README.md"))
    }
    own = {path.relative_to(ROOT).as_posix(): path.relative_to(ROOT / "docs").as_posix() for path in _own_documents()}
    return _AT_ROOT | packages | own


def linked_files(documents: dict[str, str]) -> dict[str, str]:
    """Return the files, not documents, that documents link to, with the place of their copies on the site."""
    found: dict[str, str] = {}
    for document in documents:
        for path in linked_paths((ROOT / document).read_text(), document=document):
            if path.startswith("docs/") and (ROOT / path).is_file():  # MkDocs copies those itself
                found.setdefault(path, posixpath.relpath(path, "docs"))
            elif path not in documents and (ROOT / path).is_file():
                found.setdefault(path, f"files/{path}")
    return {path: place for path, place in found.items() if path not in documents}


def _own_documents() -> list[Path]:
    return sorted((ROOT / "docs").rglob("*.md"))
