"""Rigid bodies with several tags, and the files that describe them.

    bundles:
      cube:                          # its name
        frame: cube                  # its frame; the name when left out
        tags:
          - {family: tag36h11, id: 4, size: 0.05, position: [0.0, 0.0, 0.03], quaternion_xyzw: [0.0, 0.0, 0.0, 1.0]}
          - ...

size, m, is the edge of the black border; position, m, and quaternion_xyzw are the tag's pose in the bundle's frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from airo_frames.rotation import quaternion_xyzw, rotation_matrix
from tag_pose.exceptions import BundleError
from tag_pose.pose import check_tag_size
from tag_pose.tag_name import TagName

__all__ = ["BundleLayout", "BundleTag", "read_bundles", "write_bundles"]

TAG_KEYS = {"family", "id", "size", "position", "quaternion_xyzw"}
DEFAULT_FAMILY = "tag36h11"
ORTHONORMAL = 1e-6


@dataclass(frozen=True, eq=False)
class BundleTag:
    """One tag of a bundle.

    Attributes:
        family: for example "tag36h11".
        tag_id: number of the tag within its family.
        size: m, edge of the black border.
        bundle_from_tag: (4, 4) float64, m.

    Raises:
        PoseInputError: the size is not a finite number above 0.
        BundleError: bundle_from_tag is no rigid transform.
    """

    family: str
    tag_id: int
    size: float
    bundle_from_tag: NDArray[np.float64]

    def __post_init__(self) -> None:
        check_tag_size(self.size)
        pose = np.array(self.bundle_from_tag, dtype=np.float64)
        if pose.shape != (4, 4) or not _is_rigid(pose):
            raise BundleError(
                f"pose of {self.family}:{self.tag_id} is {pose.tolist()}: expected a rigid (4, 4) transform"
            )
        pose.flags.writeable = False
        object.__setattr__(self, "bundle_from_tag", pose)

    @property
    def name(self) -> TagName:
        """Family and id."""
        return self.family, self.tag_id


@dataclass(frozen=True, eq=False)
class BundleLayout:
    """Where the tags of one rigid body are.

    Attributes:
        name: of the bundle.
        tags: at least one, each family and id once.
        frame: name of the body's frame; the bundle's name when empty.

    Raises:
        BundleError: there are no tags, or one is there twice.
    """

    name: str
    tags: tuple[BundleTag, ...]
    frame: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "tags", tuple(self.tags))
        object.__setattr__(self, "frame", self.frame or self.name)
        if not self.name:
            raise BundleError("a bundle has no name: expected one")
        if not self.tags:
            raise BundleError(f"bundle {self.name!r} has no tags: expected at least one")
        names = [tag.name for tag in self.tags]
        twice = {f"{family}:{number}" for family, number in names if names.count((family, number)) > 1}
        if twice:
            raise BundleError(f"bundle {self.name!r} has {', '.join(sorted(twice))} more than once")

    def tag(self, name: TagName) -> BundleTag | None:
        """Return the tag of a family and id; None when it is not part of the bundle."""
        return next((tag for tag in self.tags if tag.name == name), None)


def read_bundles(path: Path | str) -> list[BundleLayout]:
    """Return the bundles of a file; see the module for its format.

    Raises:
        BundleError: the file cannot be read or understood; names it, and what was got and expected.
    """
    try:
        content = yaml.safe_load(Path(path).read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BundleError(f"{path} cannot be read as YAML: {' '.join(str(error).split())}") from error
    bundles = content.get("bundles") if isinstance(content, Mapping) else None
    if not isinstance(bundles, Mapping) or not bundles:
        raise BundleError(f"{path} has no bundles: expected a key 'bundles' with a name for each")
    try:
        return [_layout(str(name), fields) for name, fields in bundles.items()]
    except ValueError as error:  # BundleError and PoseInputError are ValueErrors
        raise BundleError(f"{path}: {error}") from error


def write_bundles(path: Path | str, bundles: Iterable[BundleLayout], *, comment: str = "") -> None:
    """Write bundles to a file that read_bundles() understands.

    Args:
        path: is overwritten.
        bundles: in the order in which they are written.
        comment: for people, at the top of the file.

    Raises:
        BundleError: the file cannot be written.
    """
    content = {
        bundle.name: {"frame": bundle.frame, "tags": [_as_dict(tag) for tag in bundle.tags]} for bundle in bundles
    }
    lines = "".join(f"# {line}\n" for line in comment.splitlines())
    try:
        Path(path).write_text(lines + yaml.safe_dump({"bundles": content}, sort_keys=False, default_flow_style=None))
    except OSError as error:
        raise BundleError(f"{path} cannot be written: {error.strerror}") from error


def _layout(name: str, fields: Any) -> BundleLayout:
    if not isinstance(fields, Mapping) or not isinstance(fields.get("tags"), list):
        raise BundleError(f"bundle {name!r} is {fields!r}: expected frame and a list of tags")
    unknown = fields.keys() - {"frame", "tags"}
    if unknown:
        raise BundleError(f"bundle {name!r} has {', '.join(sorted(map(str, unknown)))}: expected frame and tags")
    return BundleLayout(name, tuple(_tag(name, entry) for entry in fields["tags"]), str(fields.get("frame") or ""))


def _tag(bundle: str, entry: Any) -> BundleTag:
    if not isinstance(entry, Mapping) or not {"id", "size"} <= entry.keys() <= TAG_KEYS:
        expected = ", ".join(sorted(TAG_KEYS))
        raise BundleError(f"bundle {bundle!r} has the tag {entry!r}: expected id and size, and of {expected}")
    number, size = entry["id"], entry["size"]
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise BundleError(f"bundle {bundle!r} has a tag with id {number!r}: expected a whole number of at least 0")
    if not isinstance(size, (int, float)) or isinstance(size, bool):
        raise BundleError(f"size of tag {number} of bundle {bundle!r} is {size!r}: expected a number, m")
    position = _numbers(entry.get("position", [0.0, 0.0, 0.0]), count=3, name=f"position of tag {number}")
    quaternion = _numbers(
        entry.get("quaternion_xyzw", [0, 0, 0, 1.0]), count=4, name=f"quaternion_xyzw of tag {number}"
    )
    if not np.linalg.norm(quaternion) > 0:
        raise BundleError(f"quaternion_xyzw of tag {number} is {quaternion.tolist()}: expected one of length 1")
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation_matrix(quaternion), position
    return BundleTag(str(entry.get("family", DEFAULT_FAMILY)), number, float(size), pose)


def _numbers(values: Any, *, count: int, name: str) -> NDArray[np.float64]:
    is_list = isinstance(values, list) and all(isinstance(value, (int, float)) for value in values)
    numbers = np.array(values if is_list else [], dtype=np.float64)
    if numbers.shape != (count,) or not np.isfinite(numbers).all():
        raise BundleError(f"{name} is {values!r}: expected {count} finite numbers")
    return numbers


def _as_dict(tag: BundleTag) -> dict[str, object]:
    pose = tag.bundle_from_tag
    return {
        "family": tag.family,
        "id": tag.tag_id,
        "size": float(tag.size),
        "position": [float(value) for value in pose[:3, 3].round(7)],
        "quaternion_xyzw": [float(value) for value in quaternion_xyzw(pose[:3, :3]).round(9)],
    }


def _is_rigid(pose: NDArray[np.float64]) -> bool:
    rotation = pose[:3, :3]
    return bool(
        np.isfinite(pose).all()
        and np.abs(rotation @ rotation.T - np.eye(3)).max() < ORTHONORMAL
        and np.linalg.det(rotation) > 0
        and (pose[3] == [0.0, 0.0, 0.0, 1.0]).all()
    )
