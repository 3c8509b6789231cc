"""YAML whose every value knows its line, for error messages that lead to the mistake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from airo_ros2.exceptions import ConfigError

__all__ = ["Problems", "YamlValue", "parse_yaml", "read_yaml"]


class Problems:
    """Collects what is wrong with a file, so that all of it can be told at once.

    Args:
        name: of the file.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._found: list[tuple[int, str]] = []  # (line, text)

    def add(self, place: YamlValue | int, text: str) -> None:
        """Note a problem at a value, or at a line."""
        line = place if isinstance(place, int) else place.line
        self._found.append((line, f"{self.name}:{line}: {text}"))

    def include(self, place: YamlValue, other: Problems) -> None:
        """Note the problems of a file that is named at a value."""
        self._found += [(place.line, text) for text in other.texts]

    @property
    def texts(self) -> list[str]:
        """All problems, in the order of their lines."""
        return [text for _, text in sorted(self._found, key=lambda found: found[0])]

    def check(self) -> None:
        """Raise ConfigError if there is any problem."""
        if self._found:
            raise ConfigError(self.texts[0], problems=self.texts)


@dataclass(frozen=True)
class YamlValue:
    """A value and where it stands.

    Attributes:
        value: a scalar, a list of YamlValue, or a mapping of names to YamlValue.
        line: where it begins, or where its key stands; the first is 1.
        path: keys that lead to it, joined by dots.
    """

    value: Any
    line: int
    path: str

    @property
    def plain(self) -> Any:
        """The value without places, as yaml.safe_load() returns it."""
        if isinstance(self.value, dict):
            return {key: each.plain for key, each in self.value.items()}
        return [each.plain for each in self.value] if isinstance(self.value, list) else self.value

    def items(self, problems: Problems) -> Iterator[tuple[str, YamlValue]]:
        """Yield the keys and values of a mapping; nothing, and a problem, if it is none. Empty counts as a mapping."""
        if isinstance(self.value, dict):
            yield from self.value.items()
        elif self.value is not None:
            problems.add(self, f"{self.path or 'the file'}: got {self.plain!r}, expected keys and values")


def read_yaml(path: Path) -> tuple[YamlValue, Problems]:
    """Return the content of a file, and where to note what is wrong with it.

    Raises:
        ConfigError: it cannot be read, or is no YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"cannot read {path}: it is not text") from error
    return parse_yaml(text, name=str(path))


def parse_yaml(text: str, *, name: str) -> tuple[YamlValue, Problems]:
    """Return the content of a text, and where to note what is wrong with it.

    Args:
        text: YAML.
        name: of the text, for error messages.

    Raises:
        ConfigError: it is no YAML.
    """
    problems = Problems(name)
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        content = YamlValue(None, 1, "") if node is None else _located(loader, node, "", problems)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise ConfigError(f"{name}:{line}: this is not YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: this is not YAML: {' '.join(str(error).split())}") from error
    finally:
        loader.dispose()
    problems.check()
    return content, problems


def _located(loader: yaml.SafeLoader, node: yaml.Node, path: str, problems: Problems) -> YamlValue:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        loader.flatten_mapping(node)
        return YamlValue(_mapping(loader, node, path, problems), line, path)
    if isinstance(node, yaml.SequenceNode):
        each = [_located(loader, item, f"{path}[{index}]", problems) for index, item in enumerate(node.value)]
        return YamlValue(each, line, path)
    return YamlValue(loader.construct_object(node, deep=True), line, path)


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode, path: str, problems: Problems) -> dict[str, YamlValue]:
    found: dict[str, YamlValue] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        line = key_node.start_mark.line + 1
        name = key if isinstance(key, str) else str(key)
        if name in found:
            problems.add(line, f"{path}{'.' if path else ''}{name} is given twice, first in line {found[name].line}")
            continue
        value = _located(loader, value_node, f"{path}{'.' if path else ''}{name}", problems)
        found[name] = YamlValue(value.value, line, value.path)
    return found
