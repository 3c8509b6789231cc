"""Checked values out of a YAML file."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from airo_ros2.bringup.yaml_tree import Problems, YamlValue

__all__ = ["Reader", "bounded", "cpus", "fill", "parameter_reader", "size", "text", "texts"]

Reader = Callable[[YamlValue, Problems], Any]
_KINDS = {bool: "true or false", int: "a whole number", float: "a number"}


def fill(section: YamlValue, readers: Mapping[str, Reader], problems: Problems) -> dict[str, Any]:
    """Return the values of a mapping whose keys are known."""
    found = {}
    for name, value in section.items(problems):
        if name not in readers:
            problems.add(value, f"{value.path}: unknown key, expected one of {', '.join(sorted(readers))}")
        else:
            read = readers[name](value, problems)
            if read is not None:
                found[name] = read
    return found


def text(value: YamlValue, problems: Problems) -> str | None:
    """Return a text; None, and a problem, if it is none. A number counts as one: `source: 0`."""
    if isinstance(value.value, str):
        return value.value
    if isinstance(value.value, int | float) and not isinstance(value.value, bool):
        return str(value.value)
    _wrong(value, "a text", problems)
    return None


def texts(value: YamlValue, problems: Problems) -> list[str] | None:
    """Return a list of texts; a single text counts as one."""
    given = value.plain
    if isinstance(given, str):
        return [given]
    if isinstance(given, list) and all(isinstance(each, str) for each in given):
        return given
    _wrong(value, "a list of texts", problems)
    return None


def size(value: YamlValue, problems: Problems) -> tuple[int, int] | None:
    """Return [width, height], px."""
    given = value.plain
    is_pair = isinstance(given, list) and len(given) == 2 and all(type(each) is int and each > 0 for each in given)
    if is_pair:
        return given[0], given[1]
    _wrong(value, "[width, height] in px", problems)
    return None


def cpus(value: YamlValue, problems: Problems) -> tuple[int, ...] | None:
    """Return a list of numbers of cores."""
    given = value.plain if isinstance(value.value, list) else [value.value]
    if given and all(type(each) is int and each >= 0 for each in given):
        return tuple(given)
    _wrong(value, "a list of numbers of cores", problems)
    return None


def bounded(kind: Any, low: float | None, high: float | None) -> Reader:
    """Return a reader of numbers, texts or truth values of one kind and range."""

    def read(value: YamlValue, problems: Problems) -> Any:
        given: Any = value.value
        if kind is float and isinstance(given, int) and not isinstance(given, bool):
            given = float(given)
        is_good = type(given) is kind and (kind is not float or math.isfinite(given))
        if is_good and kind in (int, float):
            is_good = (low is None or given >= low) and (high is None or given <= high)
        if not is_good:
            _wrong(value, _expected(kind, low, high), problems)
        return given if is_good else None

    return read


def parameter_reader(field: Any, kind: Any) -> Reader:
    """Return the reader of a node's parameter, from its dataclass field."""
    if kind == list[str]:
        return texts
    if kind is str:
        return text
    meaning = field.metadata["meaning"]
    return bounded(kind, meaning.minimum, meaning.maximum)


def _expected(kind: Any, low: float | None, high: float | None) -> str:
    bounds = [f"at least {low:g}"] if low is not None else []
    bounds += [f"at most {high:g}"] if high is not None else []
    return " ".join([_KINDS[kind], " and ".join(bounds)]).strip()


def _wrong(value: YamlValue, expected: str, problems: Problems) -> None:
    problems.add(value, f"{value.path}: got {value.plain!r}, expected {expected}")
