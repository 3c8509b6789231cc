"""The name of a tag: its family and its number in it."""

from __future__ import annotations

from collections.abc import Mapping

from tag_pose.exceptions import PoseInputError

__all__ = ["TagName", "sizes_by_name", "tag_name"]

TagName = tuple[str, int]  # family such as "tag36h11", number


def tag_name(text: str) -> TagName:
    """Return the name written as FAMILY:ID, for example tag36h11:4; the "tag" may be left out.

    Raises:
        PoseInputError: it is written in another way.
    """
    family, colon, number = text.strip().rpartition(":")
    if not (colon and family and number.isdecimal()):
        raise PoseInputError(f"tag is {text!r}: expected FAMILY:ID, for example tag36h11:4")
    return family if family.startswith("tag") else f"tag{family}", int(number)


def sizes_by_name(sizes: Mapping[int | str, float]) -> tuple[dict[TagName, float], dict[int, float]]:
    """Return tag sizes by family and id, and by id alone in any family, from keys such as "tag36h11:4" and 4.

    Raises:
        PoseInputError: a key is neither an id nor FAMILY:ID.
    """
    by_name: dict[TagName, float] = {}
    by_id: dict[int, float] = {}
    for key, size in sizes.items():
        if isinstance(key, int):
            by_id[key] = size
        elif key.strip().isdecimal():
            by_id[int(key)] = size
        else:
            by_name[tag_name(key)] = size
    return by_name, by_id
