"""Sizes and frames of single tags are read, and mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tag_pose.exceptions import TagTableError
from tag_pose.tag_table import TagEntry, TagTable

TEXT = """
3: {size: 0.05, frame: gripper}
"tag25h9:3": {size: 0.2}
7: {frame: table/left}
8:
"""


def test_a_file_and_an_inline_text_say_the_same(tmp_path: Path) -> None:
    """Both are YAML; an entry of a family comes before one of any family."""
    path = tmp_path / "tags.yaml"
    path.write_text(TEXT)
    table = TagTable.read(str(path))
    inline = "{3: {size: 0.05, frame: gripper}, 'tag25h9:3': {size: 0.2}, 7: {frame: table/left}, 8: }"
    assert TagTable.read(inline) == table
    assert table.sizes == {3: 0.05, "tag25h9:3": 0.2}
    assert table.entry("tag36h11", 3) == TagEntry("", 3, 0.05, "gripper")
    assert table.entry("tag25h9", 3) == TagEntry("tag25h9", 3, 0.2)
    assert table.entry("tag36h11", 4) is None
    assert [table.frame("tag36h11", tag_id) for tag_id in (3, 4, 7)] == ["gripper", "tag36h11:4", "table/left"]
    assert [entry.topic for entry in table.entries] == ["gripper", "tag25h9_3", "table_left", "tag_8"]


def test_nothing_is_an_empty_table() -> None:
    """Without tags every tag is as any other."""
    assert TagTable.read("") == TagTable() and TagTable().frame("tag36h11", 0) == "tag36h11:0"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("/nowhere.yaml", "cannot read the tags in /nowhere.yaml"),
        ("{3: {size: 0.05", "not YAML"),
        ("{x: {size: 0.05}}", "has the tag 'x'"),
        ("{-3: {size: 0.05}}", "has the tag -3"),
        ("{3: 0.05}", "expected size, frame or both"),
        ("{3: {sise: 0.05}}", "expected size, frame or both"),
        ("{3: {size: big}}", "the size 'big'"),
        ("{3: {size: true}}", "the size True"),
        ("{3: {size: 0}}", "finite number above 0"),
        ("{3: {size: .nan}}", "finite number above 0"),
        ("{3: {size: .inf}}", "finite number above 0"),
        ("{3: {frame: ''}, 4: {frame: 5}}", "the frame 5"),
        ("{3: {frame: '/door'}}", "the frame '/door'"),
        ("{3: {frame: door}, 4: {frame: door}}", "two tags or bundles have the topic 'door'"),
        ("{3: {frame: a/b}, 4: {frame: a:b}}", "two tags or bundles have the topic 'a_b'"),
    ],
)
def test_mistakes_are_told(text: str, reason: str) -> None:
    """Each mistake is one clear error."""
    with pytest.raises(TagTableError) as caught:
        TagTable.read(text)
    assert reason in str(caught.value) and "\n" not in str(caught.value)
