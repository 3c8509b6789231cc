"""ROS parameter files, as far as they have to be looked at here: the nodes read them themselves."""

from __future__ import annotations

from pathlib import Path

from airo_ros2.bringup.yaml_tree import Problems, YamlValue, read_yaml
from airo_ros2.exceptions import ConfigError

__all__ = ["check_parameter_file"]


def check_parameter_file(path: Path, place: YamlValue, problems: Problems) -> None:
    """Note what is wrong with a ROS parameter file: rcl's own message names neither file nor line.

    Args:
        path: of the file.
        place: where it is named, for a file that cannot be read.
        problems: of the file that names it.
    """
    try:
        content, own = read_yaml(path)
    except ConfigError as error:
        problems.add(place, str(error))
        return
    if not isinstance(content.value, dict) or not content.value:
        own.add(content, f"got {content.plain!r}, expected names of nodes, each with ros__parameters")
    if not own.texts and not _has_parameters(content):
        own.add(content, "no ros__parameters: expected e.g. /**: {ros__parameters: {tag_size: 0.05}}")
    problems.include(place, own)


def _has_parameters(content: YamlValue) -> bool:
    """Return whether there are parameters below any name; names may be nested by namespace."""
    if not isinstance(content.value, dict):
        return False
    return "ros__parameters" in content.value or any(map(_has_parameters, content.value.values()))
