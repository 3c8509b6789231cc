"""Options of a source, written behind the question mark of its specification: `sim:?tags=2&noise=1`."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from airo_camera.exceptions import SourceSpecError

__all__ = ["check_options", "option", "parse_options"]

OptionsT = TypeVar("OptionsT")

_KINDS: dict[type, str] = {int: "a whole number", float: "a number", str: "text"}


def option(
    default: int | float | str | None,
    help: str,
    *,
    kind: type | None = None,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """Return a field of an options dataclass.

    Args:
        default: value when the option is not given; None means that something else decides.
        help: what it is, with its unit; error messages end with it.
        kind: int, float or str; the type of the default unless given.
        low: smallest value allowed.
        high: largest value allowed.
        choices: the only values allowed.
    """
    metadata = {
        "help": help,
        "kind": type(default) if kind is None else kind,
        "low": low,
        "high": high,
        "choices": choices,
    }
    return dataclasses.field(default=default, metadata=metadata)


def parse_options(cls: type[OptionsT], query: str, *, spec: str) -> OptionsT:
    """Return an options dataclass from a query such as `tags=2&noise=1`.

    Args:
        cls: a dataclass whose fields were made by option().
        query: what stands behind the question mark; may be empty.
        spec: the whole specification, for error messages.

    Raises:
        SourceSpecError: an option is unknown, given twice, of the wrong kind or out of its range.
    """
    fields = {each.name: each for each in dataclasses.fields(cls)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for name, text in _pairs(query, spec=spec):
        if name not in fields:
            raise SourceSpecError(f"{spec!r}: there is no option {name!r}: expected one of {', '.join(fields)}")
        if name in values:
            raise SourceSpecError(f"{spec!r}: option {name!r} is given twice: expected it once")
        values[name] = _converted(fields[name], text, spec=spec)
    try:
        return cls(**values)
    except SourceSpecError as error:
        raise SourceSpecError(f"{spec!r}: {error}") from None


def check_options(options: Any) -> None:
    """Raise SourceSpecError if a field of an options dataclass is not what its option() allows."""
    for each in dataclasses.fields(options):
        value = getattr(options, each.name)
        if value is None and each.default is None:
            continue
        kind, choices = each.metadata["kind"], each.metadata["choices"]
        allowed = (int, float) if kind is float else (kind,)
        if isinstance(value, bool) or not isinstance(value, allowed) or (choices and value not in choices):
            raise SourceSpecError(_complaint(each, value))
        if kind is not str and not _in_range(value, low=each.metadata["low"], high=each.metadata["high"]):
            raise SourceSpecError(_complaint(each, value))


def _pairs(query: str, *, spec: str) -> list[tuple[str, str]]:
    if not query:
        return []
    try:
        return parse_qsl(query, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        raise SourceSpecError(f"{spec!r}: cannot read the options {query!r}: expected name=value&name=value") from None


def _converted(each: dataclasses.Field[Any], text: str, *, spec: str) -> int | float | str:
    kind = each.metadata["kind"]
    try:
        value: int | float | str = kind(text)
    except ValueError:
        raise SourceSpecError(f"{spec!r}: {_complaint(each, text)}") from None
    return value


def _in_range(value: float, *, low: float | None, high: float | None) -> bool:
    return math.isfinite(value) and (low is None or value >= low) and (high is None or value <= high)


def _complaint(each: dataclasses.Field[Any], value: object) -> str:
    return f"option {each.name!r} is {value!r}: expected {_expected(each)}, {each.metadata['help']}"


def _expected(each: dataclasses.Field[Any]) -> str:
    if each.metadata["choices"]:
        return "one of " + ", ".join(each.metadata["choices"])
    low, high = each.metadata["low"], each.metadata["high"]
    limits = {
        (True, True): f" from {low} to {high}",
        (True, False): f" of at least {low}",
        (False, True): f" of at most {high}",
    }
    return _KINDS[each.metadata["kind"]] + limits.get((low is not None, high is not None), "")
