"""What MkDocs calls: adds the documents that are not in docs/, and the reference, which is made from the code."""

from __future__ import annotations

from typing import Any

from links import rewritten
from mkdocs.structure.files import File, Files
from pages import ROOT, linked_files, pages_of_documents
from reference import reference_pages

__all__ = ["on_files", "on_page_markdown"]


def on_files(files: Files, /, *, config: Any) -> Files:
    """Add the pages that do not lie in docs/."""
    documents = pages_of_documents()
    for path, page in documents.items():
        if not path.startswith("docs/") and files.get_file_from_path(page) is None:
            files.append(File.generated(config, page, abs_src_path=str(ROOT / path)))
    for path, place in linked_files(documents).items():
        if files.get_file_from_path(place) is None:
            files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    for page, text in reference_pages().items():
        files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, /, *, page: Any, config: Any, files: Files) -> str:
    """Turn links between files of the repository into links between pages."""
    documents = pages_of_documents()
    by_page = {place: path for path, place in documents.items()}
    document = by_page.get(page.file.src_uri)
    if page.file.src_uri == "index.md":
        document = "docs/index.md"
    if document is None:
        return markdown
    places = _with_reference(documents) | linked_files(documents)
    return rewritten(markdown, document=document, page=str(page.file.src_uri), pages=places)


def _with_reference(documents: dict[str, str]) -> dict[str, str]:
    """Add the pages of the reference, which documents link to as if they lay in docs/."""
    return documents | {f"docs/{page}": page for page in reference_pages()}
