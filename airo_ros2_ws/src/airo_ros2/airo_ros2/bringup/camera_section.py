"""One camera of a set-up file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from airo_camera.exceptions import SourceSpecError
from airo_camera.sources.spec import make_source, with_options
from airo_ros2.bringup.config import CameraConfig, NodeSettings
from airo_ros2.bringup.node_kinds import CAMERA, CAMERA_KINDS, RECORD, NodeKind
from airo_ros2.bringup.parameter_file import check_parameter_file
from airo_ros2.bringup.yaml_tree import Problems, YamlValue
from airo_ros2.bringup.yaml_values import Reader, bounded, cpus, fill, parameter_reader, size, text, texts

__all__ = ["read_camera", "read_node"]

_PROCESS: dict[str, Reader] = {"nice": bounded(int, -20, 19), "cpus": cpus}
_FORMAT: dict[str, Reader] = {"size": size, "fourcc": text}
_SECTIONS = tuple(kind for kind in CAMERA_KINDS if kind is not CAMERA)


def read_camera(
    name: str, section: YamlValue, problems: Problems, *, folder: Path, base: CameraConfig | None
) -> CameraConfig:
    """Return the camera that a mapping describes; what is wrong with it goes to `problems`.

    Args:
        name: of the camera.
        section: the mapping.
        problems: of the file.
        folder: to which paths are relative.
        base: of which everything is kept that is not mentioned; None for defaults.
    """
    base = CameraConfig() if base is None else base
    given = dict(section.items(problems))
    files = given.pop("parameters", None)
    nodes = dict(base.nodes)
    for kind in _SECTIONS:
        if kind.key in given:
            node = read_node(kind, given.pop(kind.key), problems, folder=folder, base=base.nodes.get(kind.key))
            nodes.pop(kind.key, None)
            nodes |= {} if node is None else {kind.key: node}
    own = YamlValue(given, section.line, section.path)
    nodes[CAMERA.key] = _camera_node(own, problems, folder, base.nodes[CAMERA.key])
    if RECORD.key in nodes and "directory" not in nodes[RECORD.key].parameters:
        nodes[RECORD.key] = nodes[RECORD.key].with_parameters(directory=str(folder / RECORD.default("directory")))
    camera = CameraConfig(name, {kind.key: nodes[kind.key] for kind in CAMERA_KINDS if kind.key in nodes})
    if files is not None:
        camera = replace(camera, parameter_files=_parameter_files(files, problems, folder))
    else:
        camera = replace(camera, parameter_files=base.parameter_files)
    _check_source(camera, given.get("source", section), problems)
    return camera


def read_node(
    kind: NodeKind, section: YamlValue, problems: Problems, *, folder: Path, base: NodeSettings | None
) -> NodeSettings | None:
    """Return the settings of a node; None if it is switched off, or if something is wrong with it as a whole.

    Args:
        kind: of the node.
        section: a mapping of its settings, true or false.
        problems: of the file.
        folder: to which paths are relative.
        base: of which everything is kept that is not mentioned; None for defaults.
    """
    base = NodeSettings() if base is None else base
    if section.value is False:
        return None
    if not kind.is_installed:
        problems.add(section, f"{section.path}: needs the package {kind.package}, which is not installed")
        return None
    if section.value is True:
        return base
    return _settings(fill(section, _readers(kind), problems), kind, base, folder)


def _settings(values: Mapping[str, Any], kind: NodeKind, base: NodeSettings, folder: Path) -> NodeSettings:
    parameters = {kind.aliases.get(name, name): value for name, value in values.items() if name not in _PROCESS}
    for name in kind.paths & parameters.keys():
        if parameters[name] and not parameters[name].startswith("{"):  # which is YAML in place of a file
            parameters[name] = str(folder / Path(parameters[name]).expanduser())
    process = {name: value for name, value in values.items() if name in _PROCESS}
    return replace(base.with_parameters(**parameters), **process)


def _readers(kind: NodeKind) -> dict[str, Reader]:
    declared = kind.parameter_fields()
    short = {name: alias for alias, name in kind.aliases.items() if name in declared}
    return {short.get(name, name): parameter_reader(*of) for name, of in declared.items()} | _PROCESS


def _camera_node(section: YamlValue, problems: Problems, folder: Path, base: NodeSettings) -> NodeSettings:
    keys = [*_readers(CAMERA), *_FORMAT, "parameters", *(kind.key for kind in _SECTIONS)]
    readers = dict.fromkeys(keys, text) | _readers(CAMERA) | _FORMAT  # the others were taken out before
    values = fill(section, readers, problems)
    if values.get("source"):
        values["source"] = _absolute(values["source"], folder)
    given_size, fourcc = values.pop("size", None), values.pop("fourcc", None)
    options = {"width": given_size[0], "height": given_size[1]} if given_size else {}
    options |= {"fourcc": fourcc} if fourcc else {}
    source = values.get("source", base.parameters.get("source", CAMERA.default("source")))
    try:
        if options:
            values["source"] = with_options(source, options)
    except SourceSpecError as error:
        problems.add(dict(section.items(problems))["size" if given_size else "fourcc"], str(error))
    return _settings(values, CAMERA, base, folder)


def _absolute(path: str, folder: Path) -> str:
    """Make a path relative to the file that names it; what is no path stays."""
    is_path = not re.match(r"^([a-z]+:|\d+(\?|$)|/|~)", path)
    return str(folder / path) if is_path else path


def _parameter_files(value: YamlValue, problems: Problems, folder: Path) -> tuple[str, ...]:
    names = texts(value, problems) or []
    paths = [str((folder / Path(name).expanduser()).absolute()) for name in names]
    for path in paths:
        check_parameter_file(Path(path), value, problems)
    return tuple(paths)


def _check_source(camera: CameraConfig, place: YamlValue, problems: Problems) -> None:
    rate = camera.parameter(CAMERA.key, "rate")
    try:
        make_source(camera.source, rate=rate or None, loop=camera.parameter(CAMERA.key, "loop"))
    except SourceSpecError as error:
        problems.add(place, str(error))
