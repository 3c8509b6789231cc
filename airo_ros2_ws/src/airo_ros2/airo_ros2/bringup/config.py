"""The description of a set-up: which cameras, and what is done with their frames."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import yaml

from airo_ros2.exceptions import ConfigError

__all__ = ["CameraConfig", "SetupConfig", "TagsConfig", "read_config"]

T = TypeVar("T")
_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]*$")


@dataclass(frozen=True)
class TagsConfig:
    """How tags are looked for in the frames of one camera.

    Attributes:
        size: m, edge of the black border; 0 for unknown, then there are no poses.
        families: for example tag36h11.
        backend: pupil or pyapriltags.
        decimate: search in an image this many times smaller.
        table: YAML file with sizes and frames of single tags.
        bundles: YAML file of rigid bodies with several tags.
        workers: threads, each with a detector of its own.
        max_rate: frames per second that are looked at; 0 for no limit.
        every_nth: look at every nth frame.
        tracking_period: search the whole image every nth frame, and otherwise near known tags.
        transforms: tags on /tf: first_camera, camera_prefixed, configured or off.
    """

    size: float = 0.1
    families: tuple[str, ...] = ("tag36h11",)
    backend: str = "pupil"
    decimate: float = 1.0
    table: str = ""
    bundles: str = ""
    workers: int = 1
    max_rate: float = 0.0
    every_nth: int = 1
    tracking_period: int = 1
    transforms: str = "first_camera"


@dataclass(frozen=True)
class CameraConfig:
    """One camera.

    Attributes:
        name: its namespace: topics are <name>/frame and so on.
        source: what it reads; see airo_camera.sources.spec.
        rate: images per second of a source of files; 0 for the rate it was recorded at.
        loop: begin a source of files again at its end.
        calibration: YAML file in the camera_info format; empty for what the source knows.
        frame_id: optical frame; empty for <name>_optical_frame.
        depth: frames kept in shared memory for readers.
        cloud: publish the point clouds that the source makes itself on <name>/cloud.
        tags: None for a camera without tag_pose.
    """

    name: str = "camera"
    source: str = "sim:"
    rate: float = 0.0
    loop: bool = False
    calibration: str = ""
    frame_id: str = ""
    depth: int = 4
    cloud: bool = False
    tags: TagsConfig | None = field(default_factory=TagsConfig)


@dataclass(frozen=True)
class SetupConfig:
    """All cameras of a set-up."""

    cameras: tuple[CameraConfig, ...] = (CameraConfig(),)


def read_config(path: Path) -> SetupConfig:
    """Return the set-up described by a YAML file.

    The file has one key, `cameras`: a mapping from each camera's name to the fields of CameraConfig; `tags` is a
    mapping of the fields of TagsConfig, or false. Paths are relative to the file.

    Raises:
        ConfigError: the file is missing or malformed, or a key or value does not suit.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{path} is not YAML: {' '.join(str(error).split())}") from error
    top = _mapping(content, str(path))
    if set(top) != {"cameras"} or not isinstance(top["cameras"], Mapping) or not top["cameras"]:
        raise ConfigError(
            f"{path} has the keys {', '.join(map(str, top)) or 'none'}: expected cameras with at least one camera"
        )
    cameras = (_camera(name, value, where=f"{path}: cameras.{name}") for name, value in top["cameras"].items())
    return SetupConfig(tuple(_with_absolute_paths(camera, path.parent) for camera in cameras))


def _camera(name: Any, value: Any, *, where: str) -> CameraConfig:
    if not isinstance(name, str) or not _NAME.match(name):
        raise ConfigError(f"{where}: a camera's name is made of letters, digits and _, and begins with a letter")
    given = dict(_mapping(value, where))
    if "name" in given:
        raise ConfigError(f"{where}.name: the name is the key, {name}")
    tags = given.pop("tags", {})
    if tags is not False:
        given["tags"] = _filled(TagsConfig, _mapping(tags, f"{where}.tags"), where=f"{where}.tags")
    else:
        given["tags"] = None
    return replace(_filled(CameraConfig, given, where=where), name=name)


def _filled(kind: type[T], given: Mapping[str, Any], *, where: str) -> T:
    hints = get_type_hints(kind)
    names = [f.name for f in fields(kind)]  # type: ignore[arg-type]  # kind is a dataclass
    for name in given:
        if name not in names:
            raise ConfigError(f"{where}.{name}: unknown key, expected one of {', '.join(names)}")
    return kind(**{name: _value(given[name], hints[name], where=f"{where}.{name}") for name in given})


def _value(value: Any, kind: Any, *, where: str) -> Any:
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind == tuple[str, ...]:
        texts = [value] if isinstance(value, str) else value
        if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
            return tuple(texts)
        raise ConfigError(f"{where}: got {value!r}, expected a list of texts")
    if kind in (str, int, bool, float) and type(value) is not kind:
        raise ConfigError(f"{where}: got {value!r}, expected {kind.__name__}")
    return value


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where}: got {value!r}, expected keys and values")
    return value


def _with_absolute_paths(camera: CameraConfig, folder: Path) -> CameraConfig:
    """Make all files, and a source that is a path, relative to the file that names them."""
    calibration = str(folder / camera.calibration) if camera.calibration else ""
    is_path = not re.match(r"^([a-z]+:|\d+$|/|~)", camera.source)
    tags = camera.tags
    if tags is not None:
        table, bundles = (str(folder / name) if name else "" for name in (tags.table, tags.bundles))
        tags = replace(tags, table=table, bundles=bundles)
    source = str(folder / camera.source) if is_path else camera.source
    return replace(camera, calibration=calibration, source=source, tags=tags)
