"""From bringup.yaml to the description of a set-up, with the line of everything that is wrong in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from airo_ros2.bringup.camera_section import read_camera, read_node
from airo_ros2.bringup.config import CAMERA_NAME, CameraConfig, LogPolicy, RestartPolicy, SetupConfig
from airo_ros2.bringup.node_kinds import SETUP_KINDS
from airo_ros2.bringup.yaml_tree import Problems, YamlValue, parse_yaml, read_yaml
from airo_ros2.bringup.yaml_values import bounded, fill, text

__all__ = ["KEYS", "parse_camera", "read_config"]

_RESTART = {
    "limit": bounded(int, 0, 1_000_000),
    "within": bounded(float, 0.001, 1e9),
    "first_wait": bounded(float, 0.0, 3600.0),
    "longest_wait": bounded(float, 0.0, 3600.0),
}
_LOGS = {"folder": text, "max_bytes": bounded(int, 1000, 10**12), "keep": bounded(int, 0, 1000)}
KEYS = ("cameras", "defaults", "logs", "name", "prometheus", "restart", *(kind.key for kind in SETUP_KINDS))


def read_config(path: Path) -> SetupConfig:
    """Return the set-up described by a YAML file; docs/bringup.md is its reference.

    Raises:
        ConfigError: the file is missing or malformed, or a key or value does not suit; has the line of each problem.
    """
    content, problems = read_yaml(path)
    keys = dict(content.items(problems))
    for name, value in keys.items():
        if name not in KEYS:
            problems.add(value, f"{name}: unknown key, expected one of {', '.join(KEYS)}")
    if "cameras" not in keys:
        problems.add(content, f"has the keys {', '.join(keys) or 'none'}: expected cameras with at least one camera")
    cameras = tuple(_cameras(keys, problems, path.parent)) if "cameras" in keys else ()
    setup = SetupConfig(
        name=_setup_name(keys, problems, path),
        cameras=cameras or (CameraConfig(),),
        restart=_policy(keys, "restart", RestartPolicy(), _RESTART, problems),
        logs=_policy(keys, "logs", LogPolicy(), _LOGS, problems),
        prometheus=_port(keys, problems),
    )
    for kind in SETUP_KINDS:
        if kind.key in keys:
            settings = read_node(kind, keys[kind.key], problems, folder=path.parent, base=None)
            setup = replace(setup, **{kind.key: settings})  # type: ignore[arg-type]  # the fields have the keys' names
    if setup.restart is not None and setup.restart.first_wait > setup.restart.longest_wait:
        problems.add(keys["restart"], "restart: first_wait is longer than longest_wait")
    problems.check()
    return setup if setup.logs is None or not setup.logs.folder else _with_absolute_folder(setup, path.parent)


def parse_camera(name: str, settings: str, *, base: CameraConfig | None = None) -> CameraConfig:
    """Return a camera described by a YAML mapping, as it stands under its name in a set-up file.

    Args:
        name: of the camera.
        settings: YAML; paths are relative to the working folder.
        base: of which everything is kept that `settings` does not mention; None for defaults.

    Raises:
        ConfigError: a key or value does not suit.
    """
    content, problems = parse_yaml(settings, name=f"camera {name}")
    _check_name(name, YamlValue(name, 1, name), problems)
    camera = read_camera(name, content, problems, folder=Path.cwd(), base=base)
    problems.check()
    return camera


def _cameras(keys: Mapping[str, YamlValue], problems: Problems, folder: Path) -> list[CameraConfig]:
    base = None
    if "defaults" in keys:
        base = read_camera("defaults", keys["defaults"], problems, folder=folder, base=None)
    cameras = []
    for name, value in keys["cameras"].items(problems):
        _check_name(name, value, problems)
        cameras.append(read_camera(name, value, problems, folder=folder, base=base))
    if not cameras:
        problems.add(keys["cameras"], "cameras: is empty, expected at least one camera")
    return cameras


def _check_name(name: str, value: YamlValue, problems: Problems) -> None:
    if not CAMERA_NAME.match(name):
        problems.add(value, f"{value.path}: a camera's name is made of letters, digits and _, and begins with a letter")


def _setup_name(keys: Mapping[str, YamlValue], problems: Problems, path: Path) -> str:
    if "name" not in keys:
        return re.sub(r"[^A-Za-z0-9_]", "_", path.stem)
    name = text(keys["name"], problems) or ""
    if not CAMERA_NAME.match(name):
        problems.add(keys["name"], f"name: got {name!r}, expected letters, digits and _, beginning with a letter")
    return name


def _policy(
    keys: Mapping[str, YamlValue],
    name: str,
    default: Any,
    readers: Mapping[str, Callable[[YamlValue, Problems], Any]],
    problems: Problems,
) -> Any:
    """Return a section that is a mapping, true for its defaults, or false for None."""
    if name not in keys or keys[name].value is True:
        return default
    if keys[name].value is False:
        return None
    return replace(default, **fill(keys[name], readers, problems))


def _port(keys: Mapping[str, YamlValue], problems: Problems) -> int:
    if "prometheus" not in keys or keys["prometheus"].value is False:
        return 0
    return bounded(int, 1, 65535)(keys["prometheus"], problems) or 0


def _with_absolute_folder(setup: SetupConfig, folder: Path) -> SetupConfig:
    logs = setup.logs or LogPolicy()
    path = folder / Path(logs.folder).expanduser()
    return replace(setup, logs=replace(logs, folder=str(path)))
