"""Bundle files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bundles import body

from tag_pose.bundle import BundleLayout, BundleTag, read_bundles, write_bundles
from tag_pose.exceptions import BundleError, PoseInputError
from tag_pose.locator import TagLocator

GOOD = """
bundles:
  cube:
    frame: cube_link
    tags:
      - {id: 4, size: 0.05, position: [0.0, 0.0, 0.03], quaternion_xyzw: [0, 0, 0.7071068, 0.7071068]}
      - {family: tag25h9, id: 5, size: 0.04}
"""


def test_a_written_file_is_read_back(tmp_path: Path) -> None:
    """Names, frames, sizes and poses survive, and the comment does not matter."""
    layout = body()
    write_bundles(tmp_path / "bundle.yaml", [layout], comment="two\nlines")
    assert (tmp_path / "bundle.yaml").read_text().startswith("# two\n# lines\nbundles:\n")
    (read,) = read_bundles(tmp_path / "bundle.yaml")
    assert (read.name, read.frame) == ("body", "body_link")
    for one, other in zip(layout.tags, read.tags, strict=True):
        assert (one.name, one.size) == (other.name, other.size)
        np.testing.assert_allclose(one.bundle_from_tag, other.bundle_from_tag, atol=1e-6)


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    """Family, position, rotation and frame have defaults; quaternions are normalised."""
    (tmp_path / "good.yaml").write_text(GOOD.replace("    frame: cube_link\n", ""))
    (cube,) = read_bundles(tmp_path / "good.yaml")
    assert cube.frame == "cube"
    assert [tag.name for tag in cube.tags] == [("tag36h11", 4), ("tag25h9", 5)]
    np.testing.assert_allclose(cube.tags[0].bundle_from_tag[:3, :3] @ [1, 0, 0], [0, 1, 0], atol=1e-6)
    np.testing.assert_array_equal(cube.tags[1].bundle_from_tag, np.eye(4))
    assert cube.tag(("tag25h9", 5)) is cube.tags[1]
    assert cube.tag(("tag36h11", 5)) is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("bundles:", "bundle:", "no bundles"),
        ("id: 4, ", "", "expected id and size"),
        ("id: 4", "id: -4", "whole number"),
        ("size: 0.05", "size: large", "expected a number"),
        ("size: 0.05", "size: 0.0", "tag size"),
        ("size: 0.05", "size: 0.05, colour: red", "expected id and size"),
        ("[0.0, 0.0, 0.03]", "[0.0, 0.03]", "expected 3 finite numbers"),
        ("[0.0, 0.0, 0.03]", "[0.0, 0.0, .nan]", "expected 3 finite numbers"),
        ("[0, 0, 0.7071068, 0.7071068]", "[0, 0, 0, 0]", "expected one of length 1"),
        ("family: tag25h9, id: 5", "id: 4", "more than once"),
        ("frame: cube_link", "frames: cube_link", "expected frame and tags"),
        ("    tags:", "    tag:", "list of tags"),
        ("cube:", "cube: [", "cannot be read as YAML"),
    ],
)
def test_mistakes_are_named_with_the_file(tmp_path: Path, old: str, new: str, said: str) -> None:
    """Each mistake is one line that names the file and says what was expected."""
    assert old in GOOD
    (tmp_path / "bad.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(BundleError, match=said) as caught:
        read_bundles(tmp_path / "bad.yaml")
    assert "bad.yaml" in str(caught.value) and "\n" not in str(caught.value)


def test_missing_file_and_folder_are_named(tmp_path: Path) -> None:
    """What cannot be opened is named."""
    for path in (tmp_path / "nothing.yaml", tmp_path):
        with pytest.raises(BundleError, match=path.name):
            read_bundles(path)
    with pytest.raises(BundleError, match="cannot be written"):
        write_bundles(tmp_path, [body()])


def test_a_tag_is_part_of_one_bundle_only() -> None:
    """Two bundles with one tag, or of one name, are refused where they are used."""
    one = body()
    with pytest.raises(BundleError, match="belongs to the bundles"):
        TagLocator(bundles=[one, replace(one, name="other")])
    other = BundleLayout("body", (BundleTag("tag36h11", 99, 0.1, np.eye(4)),))
    with pytest.raises(BundleError, match="different names"):
        TagLocator(bundles=[one, other])


def test_layouts_are_checked() -> None:
    """Bodies without tags and transforms that are not rigid are refused."""
    with pytest.raises(BundleError, match="no tags"):
        BundleLayout("empty", ())
    with pytest.raises(BundleError, match="rigid"):
        BundleTag("tag36h11", 1, 0.1, np.diag([1.0, 1.0, 2.0, 1.0]))
    with pytest.raises(BundleError, match="rigid"):
        BundleTag("tag36h11", 1, 0.1, np.diag([1.0, 1.0, -1.0, 1.0]))
    with pytest.raises(PoseInputError, match="tag size"):
        BundleTag("tag36h11", 1, float("nan"), np.eye(4))
