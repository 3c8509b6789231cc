"""What is known of single tags before they are seen: their sizes and the names of their frames."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tag_pose.bundle import BundleLayout
from tag_pose.exceptions import PoseInputError, TagTableError
from tag_pose.pose import check_tag_size

__all__ = ["TagEntry", "TagTable", "check_names", "topic_of"]

_KEY = re.compile(r"^(?:(tag\w+):)?(\d+)$")
_FRAME = re.compile(r"^[A-Za-z][\w/:.-]*$")
_NOT_IN_TOPICS = re.compile(r"\W+")


@dataclass(frozen=True)
class TagEntry:
    """One tag.

    Attributes:
        family: full name, for example tag36h11; empty for any family.
        tag_id: number within the family.
        size: m, edge of the black border; None for that of all tags.
        frame: its frame; empty for <family>:<id>.
    """

    family: str
    tag_id: int
    size: float | None = None
    frame: str = ""

    @property
    def topic(self) -> str:
        """Name of the topic of its pose, below tag_poses/."""
        return topic_of(self.frame or f"{self.family or 'tag'}_{self.tag_id}")


@dataclass(frozen=True)
class TagTable:
    """Entries of single tags; an entry of a family comes before one of any family.

    Raises:
        TagTableError: two entries have the same frame or topic.
    """

    entries: tuple[TagEntry, ...] = ()

    def __post_init__(self) -> None:
        check_names(self, ())

    @property
    def sizes(self) -> dict[int | str, float]:
        """Sizes, m, by name such as tag36h11:4, or by id in all families."""
        return {
            f"{entry.family}:{entry.tag_id}" if entry.family else entry.tag_id: entry.size
            for entry in self.entries
            if entry.size is not None
        }

    def entry(self, family: str, tag_id: int) -> TagEntry | None:
        """Return the entry of a tag; None if it has none."""
        of_tag = [entry for entry in self.entries if entry.tag_id == tag_id and entry.family in (family, "")]
        return max(of_tag, key=lambda entry: entry.family, default=None)

    def frame(self, family: str, tag_id: int) -> str:
        """Return the name of a tag's frame: as configured, otherwise for example tag36h11:0."""
        entry = self.entry(family, tag_id)
        return entry.frame if entry is not None and entry.frame else f"{family}:{tag_id}"

    @classmethod
    def read(cls, text: str) -> TagTable:
        """Return the table in a YAML file, or in a YAML text that begins with a brace.

        Its keys are ids, or families and ids such as "tag25h9:3"; each value has a `size`, m, a `frame`, or both. An
        empty value makes the tag one whose pose has a topic of its own.

        Args:
            text: path of the file, or the YAML itself; empty for an empty table.

        Raises:
            TagTableError: the file cannot be read, or something in it is not understood; says what.
        """
        if not text.strip():
            return cls()
        where, content = ("tags", text) if text.lstrip().startswith("{") else (text, _file_content(text))
        try:
            parsed = yaml.safe_load(content)
        except yaml.YAMLError as error:
            raise TagTableError(f"{where} is not YAML: {' '.join(str(error).split())}") from error
        if not isinstance(parsed, Mapping):
            raise TagTableError(f"{where} is {parsed!r}: expected tags, for example {{3: {{size: 0.05, frame: door}}}}")
        return cls(tuple(_entry(key, value, where=where) for key, value in parsed.items()))


def topic_of(name: str) -> str:
    """Return the name of a frame, or of a bundle, as the last part of a topic's name."""
    return _NOT_IN_TOPICS.sub("_", name).strip("_")


def check_names(table: TagTable, bundles: Iterable[BundleLayout]) -> None:
    """Raise TagTableError if tags and bundles would be published under one name."""
    topics = [entry.topic for entry in table.entries] + [topic_of(bundle.name) for bundle in bundles]
    frames = [entry.frame for entry in table.entries if entry.frame] + [bundle.frame for bundle in bundles]
    for what, names in (("topic", topics), ("frame", frames)):
        for name in names:
            if not name or names.count(name) > 1:
                raise TagTableError(
                    f"tags and bundles have the {what} {name!r} twice: expected one of its own for each"
                )


def _file_content(path: str) -> str:
    try:
        return Path(path).expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise TagTableError(f"cannot read the tags in {path}: {error}") from error


def _entry(key: Any, value: Any, *, where: str) -> TagEntry:
    match = _KEY.match(str(key))
    if match is None:
        raise TagTableError(f'{where} has the tag {key!r}: expected an id such as 3, or "tag25h9:3"')
    given = {} if value is None else value
    if not isinstance(given, Mapping) or set(given) - {"size", "frame"}:
        raise TagTableError(f"{where} has for tag {key} {value!r}: expected size, frame or both")
    size, frame = given.get("size"), given.get("frame", "")
    if size is not None:
        if isinstance(size, bool) or not isinstance(size, int | float):
            raise TagTableError(f"{where} has for tag {key} the size {size!r}: expected a number, m")
        try:
            check_tag_size(size)
        except PoseInputError as error:
            raise TagTableError(f"{where}, tag {key}: {error}") from error
    if not isinstance(frame, str) or (frame and not _FRAME.match(frame)):
        raise TagTableError(f"{where} has for tag {key} the frame {frame!r}: expected a name that begins with a letter")
    return TagEntry(match[1] or "", int(match[2]), None if size is None else float(size), frame)
