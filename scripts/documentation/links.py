"""Links that lead from file to file of the repository, and what becomes of them on the site."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

__all__ = ["linked_paths", "rewritten"]

_FENCED = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?P<image>!?)\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^()\s#]*)(?P<anchor>#[^()\s]*)?\)")


def linked_paths(markdown: str, *, document: str) -> Iterator[str]:
    """Yield the paths, in the repository, of what a document links to.

    Args:
        markdown: text of the document.
        document: path of the document in the repository.
    """
    for is_code, part in _parts(markdown):
        for match in () if is_code else _LINK.finditer(part):
            if _is_ours(match):
                yield _resolved(match["target"], document)


def rewritten(markdown: str, *, document: str, page: str, pages: Mapping[str, str]) -> str:
    """Return the text with links that lead to pages of the site.

    A link to something that is not on the site, such as a folder, becomes its text.

    Args:
        markdown: text of the document.
        document: path of the document in the repository.
        page: path of its page on the site, with the suffix .md.
        pages: path on the site of each path in the repository.
    """

    def replace(match: re.Match[str]) -> str:
        if not _is_ours(match):
            return match[0]
        path = pages.get(_resolved(match["target"], document))
        if path is None:
            return match["text"]
        target = posixpath.relpath(path, posixpath.dirname(page) or ".")
        return f"{match['image']}[{match['text']}]({target}{match['anchor'] or ''})"

    return "".join(part if is_code else _LINK.sub(replace, part) for is_code, part in _parts(markdown))


def _parts(markdown: str) -> Iterator[tuple[bool, str]]:
    """Yield (whether it is a block of code, text) of all parts in turn."""
    end = 0
    for block in _FENCED.finditer(markdown):
        yield False, markdown[end : block.start()]
        yield True, block[0]
        end = block.end()
    yield False, markdown[end:]


def _is_ours(match: re.Match[str]) -> bool:
    return bool(match["target"]) and ":" not in match["target"]


def _resolved(target: str, document: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(document), target))
